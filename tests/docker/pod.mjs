// pod.mjs MANIFEST DIRECTORY: the one Pod of a manifest for plain Docker, as the kubelet and a runtime would
// start it. For each container DIRECTORY/NAME.args holds the arguments of `docker run` up to the image,
// DIRECTORY/NAME.command those behind it, DIRECTORY/NAME.probe its startup probe, one on each line; its
// volumes are DIRECTORY/volumes/NAME. A key that nothing is made of is an error: the manifest would say more
// than was tried.
import { createRequire } from "node:module";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";

const { parseAllDocuments } = createRequire(`${process.env.NODE_PATH}/`)("yaml");
const [manifest, directory] = process.argv.slice(2);
const objects = parseAllDocuments(readFileSync(manifest, "utf8")).map((document) => document.toJS());
const find = (kind) => objects.find((object) => object.kind === kind);

function keys(object, ...known) {
	for (const key of Object.keys(object))
		if (!known.includes(key))
			throw new Error(`${manifest}: ${key} is not tried`);
	return object;
}

// A ConfigMap's files are links through another, which moves when it changes; an emptyDir is everybody's.
function makeVolume(volume) {
	const path = `${directory}/volumes/${volume.name}`;
	keys(volume, "name", "configMap", "emptyDir");
	mkdirSync(path, { recursive: true });
	chmodSync(path, 0o777);
	if (!volume.configMap)
		return;
	mkdirSync(`${path}/..1`);
	symlinkSync("..1", `${path}/..data`);
	for (const [name, text] of Object.entries(find("ConfigMap").data)) {
		writeFileSync(`${path}/..1/${name}`, text);
		symlinkSync(`..data/${name}`, `${path}/${name}`);
	}
}

function securityOptions(pod, context) {
	keys(pod, "seccompProfile");
	keys(context, "runAsUser", "runAsGroup", "runAsNonRoot", "allowPrivilegeEscalation", "readOnlyRootFilesystem", "capabilities");
	if (pod.seccompProfile.type !== "RuntimeDefault" || context.allowPrivilegeEscalation !== false)
		throw new Error(`${manifest}: a weaker container than what is promised`);
	if (context.runAsUser === 0 ? context.runAsNonRoot || !context.readOnlyRootFilesystem : !context.runAsNonRoot)
		throw new Error(`${manifest}: who it is, and what it may write, is not as promised`);
	return [
		"--user", `${context.runAsUser}:${context.runAsGroup}`,
		"--security-opt", "no-new-privileges",
		...(context.readOnlyRootFilesystem ? ["--read-only"] : []),
		...keys(context.capabilities, "drop", "add").drop.flatMap((name) => ["--cap-drop", name]),
		...(context.capabilities.add ?? []).flatMap((name) => ["--cap-add", name]),
	];
}

function write(container, pod) {
	const lines = (end, list) => writeFileSync(`${directory}/${container.name}.${end}`, list.map((line) => `${line}\n`).join(""));
	const mount = (m) => keys(m, "name", "mountPath", "readOnly") && ["-v", `${directory}/volumes/${m.name}:${m.mountPath}${m.readOnly ? ":ro" : ""}`];

	keys(container, "name", "image", "args", "command", "restartPolicy", "startupProbe", "securityContext", "volumeMounts");
	lines("args", [...securityOptions(pod.securityContext, container.securityContext), ...(container.volumeMounts ?? []).flatMap(mount),
		...(container.command ? ["--entrypoint", container.command[0]] : [])]);
	lines("command", [...(container.command?.slice(1) ?? []), ...(container.args ?? [])]);
	lines("probe", container.startupProbe?.exec.command ?? []);
}

const pod = keys(find("Pod").spec, "automountServiceAccountToken", "enableServiceLinks", "securityContext", "initContainers", "containers", "volumes");
if (pod.automountServiceAccountToken !== false)
	throw new Error(`${manifest}: the agent would have a token of the cluster`);
pod.volumes.forEach(makeVolume);
[...pod.initContainers, ...pod.containers].forEach((container) => write(container, pod));
