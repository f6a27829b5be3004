// manifests.mjs WORK FILE...: each object of the manifests fits the schema of its kind, is selected by the
// objects that `netpale plan` prints where it is a pod, and the policies in them are put into WORK. First:
// do the schemas refuse anything?
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const at = process.env.NODE_PATH;
const { parseAllDocuments } = createRequire(`${at}/`)("yaml");
const core = await import(`${at}/kubernetes-models/v1/index.js`);
const { NetworkPolicy } = await import(`${at}/kubernetes-models/networking.k8s.io/v1/index.js`);
const { CiliumNetworkPolicy } = await import(`${at}/@kubernetes-models/cilium/cilium.io/v2/index.js`);
const [work, ...files] = process.argv.slice(2);

const wrong = [
	new core.Pod({ spec: { containers: [{ name: "a", securityContext: { runAsUser: "root" } }] } }),
	new core.ConfigMap({ data: { "policy.yml": 1 } }),
	new core.Namespace({ metadata: { labels: [] } }),
	new NetworkPolicy({ spec: { podSelector: {}, egress: [{ to: [{ ipBlock: {} }] }] } }),
	new CiliumNetworkPolicy({ metadata: {}, spec: { endpointSelector: {}, egress: [{ toCIDR: ["192.0.2.0"] }] } }),
];
for (const object of wrong) {
	let refused = false;
	try {
		object.validate();
	} catch {
		refused = true;
	}
	if (!refused)
		throw new Error(`the schema of ${object.kind} refuses nothing`);
}

const kinds = { Pod: 0, ConfigMap: 0, Namespace: 0 };
for (const file of files)
	for (const document of parseAllDocuments(readFileSync(file, "utf8"))) {
		const object = document.toJS();
		new core[object.kind](object).validate();
		if (object.kind === "Pod" && object.metadata.labels.netpale !== "fenced")
			throw new Error(`${file}: ${object.metadata.name} is not selected`);
		if (object.kind === "ConfigMap")
			writeFileSync(`${work}/${object.metadata.name}.policy`, object.data["policy.yml"]);
		kinds[object.kind]++;
	}
if (kinds.Pod < 2 || kinds.ConfigMap < 2 || kinds.Namespace < 1)
	throw new Error("manifests are missing");
