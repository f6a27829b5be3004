// judge.mjs WORK COUNT: reads the objects that `netpale plan` prints as their controllers do, and asks them
// for destinations at every border that the plan of the same policy has, or they have. The policies are
// those beside this file and COUNT random ones.
//
// A reader knows the keys that netpale writes, and no others; the schemas are those published for each.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const at = process.env.NODE_PATH;
const { parse } = createRequire(`${at}/`)("yaml");
const { NetworkPolicy } = await import(`${at}/kubernetes-models/networking.k8s.io/v1/index.js`);
const { CiliumNetworkPolicy } = await import(`${at}/@kubernetes-models/cilium/cilium.io/v2/index.js`);
const [work, count] = process.argv.slice(2);

// --- addresses and ports: an address is [family, number], a destination has a protocol and a port ---

function number(text) {
	if (!text.includes(":"))
		return [4, text.split(".").reduce((n, part) => n * 256n + BigInt(part), 0n)];
	const [left, right] = text.split("::").map((half) => half.split(":").filter((word) => word));
	const zeros = right ? Array(8 - left.length - right.length).fill("0") : [];
	return [6, [...left, ...zeros, ...(right ?? [])].reduce((n, word) => n * 65536n + BigInt(`0x${word}`), 0n)];
}

function range(text) { // a network, an address, or first-last
	const [first, last] = text.split("-").map((end) => number(end.split("/")[0]));
	const bits = first[0] === 4 ? 32 : 128;
	const size = 1n << BigInt(bits - Number(text.split("/")[1] ?? bits));
	return { family: first[0], first: first[1], last: last ? last[1] : first[1] + size - 1n };
}

const within = (r, address) => r.family === address[0] && r.first <= address[1] && address[1] <= r.last;

function flowPorts(text) { // as in the plan: "443/tcp", "1-52/udp", "tcp", "any", "all", "other"
	const all = [["TCP", 1, 65535], ["UDP", 1, 65535]];
	if (text === "other")
		return [];
	if (text === "all")
		return all;
	if (text === "any")
		return all.flatMap(([p]) => [[p, 1, 52], [p, 54, 852], [p, 854, 65535]]);
	const [ports, protocol = ports] = text.split("/");
	const [first, last = first] = text.includes("/") ? ports.split("-").map(Number) : [1, 65535];
	return [[protocol.toUpperCase(), first, last]];
}

// --- what each says: rules {ranges, names, ports}, where no ports are all ---

function keys(object, ...known) {
	for (const key of Object.keys(object))
		if (!known.includes(key))
			throw new Error(`unknown key ${key}`);
	return object;
}

function portsOf(list) {
	if (list?.length === 0)
		throw new Error("an empty list of ports opens all");
	return list?.map((p) => keys(p, "protocol", "port", "endPort")).map((p) =>
		[p.protocol, Number(p.port), p.endPort ?? Number(p.port)]);
}

function readNetworkPolicy(text) {
	const object = parse(text);
	new NetworkPolicy(object).validate();
	const spec = keys(object.spec, "podSelector", "policyTypes", "egress", "ingress");
	if (spec.policyTypes.join() !== "Egress,Ingress" || spec.podSelector.matchLabels.netpale !== "fenced")
		throw new Error("it selects others");
	const rules = [], result = { rules, denies: [], dns: null };
	for (const rule of spec.egress) {
		const to = keys(rule, "to", "ports").to?.map((peer) => keys(peer, "ipBlock", "namespaceSelector", "podSelector"));
		if (to?.[0].podSelector)
			result.dns = ["*"];
		else
			rules.push({ ranges: to ? to.map((peer) => range(peer.ipBlock.cidr)) : everywhere, ports: portsOf(rule.ports) });
	}
	result.inbound = spec.ingress.map((rule) => portsOf(keys(rule, "ports").ports));
	return result;
}
const everywhere = [range("0.0.0.0/0"), range("::/0")];

function readCilium(text) {
	const object = parse(text);
	new CiliumNetworkPolicy(object).validate();
	const spec = keys(object.spec, "endpointSelector", "enableDefaultDeny", "egress", "egressDeny", "ingress");
	const ports = (rule) => rule.toPorts && portsOf(rule.toPorts.flatMap((list) => keys(list, "ports", "rules").ports));
	const ranges = (rule) => rule.toCIDRSet?.map((set) => range(keys(set, "cidr").cidr)) ?? [];
	const name = (n) => keys(n, "matchName", "matchPattern").matchName ?? n.matchPattern;
	const result = { rules: [], denies: [], dns: null };
	if (!spec.enableDefaultDeny.egress || !spec.enableDefaultDeny.ingress)
		throw new Error("what no rule says is open");
	for (const rule of spec.egress) {
		keys(rule, "toEndpoints", "toFQDNs", "toCIDRSet", "toEntities", "toPorts");
		if (Object.keys(rule).filter((key) => key !== "toPorts").length > 1)
			throw new Error("Cilium takes one kind of peer in a rule");
		if (rule.toEndpoints)
			result.dns = rule.toPorts[0].rules.dns.map(name);
		else if (rule.toEntities)
			result.rules.push({ ranges: rule.toEntities[0] === "all" ? everywhere : [], names: [] });
		else if (rule.toFQDNs || rule.toCIDRSet)
			result.rules.push({ ranges: ranges(rule), names: rule.toFQDNs?.map(name) ?? [], ports: ports(rule) });
	}
	for (const rule of spec.egressDeny ?? [])
		result.denies.push({ ranges: ranges(keys(rule, "toCIDRSet", "toPorts")), names: [], ports: ports(rule) });
	result.inbound = spec.ingress.filter((rule) => rule.fromEntities[0] === "all").map(ports);
	return result;
}

function matches(pattern, name) {
	const text = pattern.replaceAll(".", "[.]").replace(/^\*\*\[\.\]/, "([-a-z0-9_]+[.])+");
	return pattern === "*" || new RegExp(`^${text.replace(/^\*/, "[-a-z0-9_]*")}$`).test(name);
}

// --- is it open? ---

const hasPort = (ports, [protocol, port]) => !ports || ports.some(([p, first, last]) => p === protocol && first <= port && port <= last);

function opens(object, answers, address, point) {
	const names = answers.filter(([a, name]) => a[0] === address[0] && a[1] === address[1] &&
		object.dns?.some((pattern) => matches(pattern, name))).map(([, name]) => name);
	const hit = (rule) => hasPort(rule.ports, point) && (rule.ranges.some((r) => within(r, address)) ||
		names.some((name) => rule.names?.some((pattern) => matches(pattern, name))));
	return !object.denies.some(hit) && object.rules.some(hit);
}

function points(objects, answers) {
	const rules = objects.flatMap((o) => [...o.rules, ...o.denies]);
	const addresses = new Map(), ports = new Set();
	const add = (family, value) => {
		if (value >= 0n && value < 1n << (family === 4 ? 32n : 128n))
			addresses.set(`${family} ${value}`, [family, value]);
	};
	for (const r of rules.flatMap((rule) => rule.ranges))
		for (const value of [r.first - 1n, r.first, r.last, r.last + 1n])
			add(r.family, value);
	for (const [[family, value]] of answers)
		add(family, value);
	for (const [, first, last] of rules.flatMap((rule) => rule.ports ?? [["", 1, 65535]]))
		for (const port of [first - 1, first, last, last + 1])
			if (port >= 1 && port <= 65535)
				ports.add(port);
	return [[...addresses.values()], [...ports].flatMap((port) => [["TCP", port], ["UDP", port]])];
}

// --- one policy ---

let asked = 0, open = 0, printed = 0, refused = 0;

function plan(file, answers, format) {
	const { stdout, stderr, status } = spawnSync(process.env.NETPALE, ["plan", "-q", "-f", file, "--trust-project", "ignore",
		"--answers", answers, "--format", format], { encoding: "utf8", env: { ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? "" }, maxBuffer: 1 << 28 });
	if (status !== 0 && status !== 65)
		throw new Error(`${file}: ${format}: status ${status}: ${stderr}`);
	return status === 0 ? stdout : null;
}

function judge(file, answersFile) {
	const answers = readFileSync(answersFile, "utf8").trim().split("\n").flatMap((line) => {
		const [address, ...names] = line.split(" ");
		return names.map((name) => [number(address), name]);
	});
	const json = plan(file, answersFile, "json");
	if (!json)
		return;
	const said = JSON.parse(json);
	const wanted = { denies: [], dns: null, rules: said.flows.map((flow) =>
		({ ranges: [range(flow.to)], ports: flow.ports.flatMap(flowPorts) })) };
	const inbound = said.inbound === "allow" ? undefined : said.inbound.flatMap(flowPorts);
	for (const [format, read] of [["networkpolicy", readNetworkPolicy], ["cilium", readCilium]]) {
		const text = plan(file, answersFile, format);
		if (!text) {
			refused++;
			continue;
		}
		printed++;
		const object = read(text);
		const closed = text.includes("(private: true)"); // it says that it is narrower
		const [addresses, ports] = points([object, wanted], answers);
		for (const address of addresses)
			for (const point of ports) {
				const is = opens(object, answers, address, point), should = opens(wanted, [], address, point);
				if (is !== should && (is || !closed))
					throw new Error(`${file}: ${format}: ${address} ${point} is ${is ? "open" : "closed"}\n${text}`);
				asked++;
				open += is;
			}
		for (const [, port] of ports)
			for (const protocol of ["TCP", "UDP"])
				if (hasPort(inbound, [protocol, port]) !== object.inbound.some((list) => hasPort(list, [protocol, port])))
					throw new Error(`${file}: ${format}: inbound ${port}\n${text}`);
		const all = said.policy !== "none" && (said.dns === "resolvers" || (said.dns === "guarded" && said.policy === "full"));
		if (said.fenced && all !== (object.dns?.[0] === "*"))
			throw new Error(`${file}: ${format}: which names may be asked\n${text}`);
	}
}

// --- policies that nobody wrote ---

let seed = 20261121;
const below = (n) => (seed = (seed * 48271) % 2147483647) % n; // MINSTD: the same each time
const pick = (list) => list[below(list.length)];

const networks = ["11.0.0.0/24", "11.0.0.4/30", "11.0.0.5", "11.0.0.6/31", "10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0",
	"192.168.1.1", "2606:2800::/32", "2606:2800::7", "fd00::/8", "::/0"];
const hosts = ["a.example", "b.a.example", "c.b.a.example", "d.example", "*.a.example", ".b.a.example", "*.d.example", ".example"];
const ports = ["", ":443", ":443/tcp", ":53/udp", ":8000-8100", ":1-52/tcp", ":53", ":854-65535"];

function entry(names) {
	const port = pick(ports);
	if (names && below(2))
		return pick(names) + port;
	const network = pick(networks);
	return network.includes(":") && port ? `[${network}]${port}` : network + port;
}

function write(i) {
	const stance = pick(["", "", "resolvers", "pinned", "guarded"]);
	const names = stance === "" || stance === "guarded" ? hosts : hosts.filter((host) => !/^[*.]/.test(host));
	const lines = (length, which) => JSON.stringify(Array.from({ length }, () => entry(which)));
	const mode = pick(["restricted", "restricted", "restricted", "full", "none"]);
	writeFileSync(`${work}/${i}.yml`, `network:\n  policy: ${mode}\n  allow: ${lines(below(8), names)}\n` +
		`  deny: ${lines(below(4), names === hosts ? hosts : null)}\n` +
		(stance && `  dns: ${stance}\n`) + pick(["", "  inbound: allow\n", "  inbound: [443, 8000-8100/tcp]\n"]));
	const found = ["11.0.0.5", "11.0.0.6", "11.0.0.200", "10.1.2.3", "10.9.9.9", "127.0.0.1", "2606:2800::7", "fd00::1"];
	writeFileSync(`${work}/${i}.answers`, ["a.example", "b.a.example", "c.b.a.example", "d.example", "e.d.example", "z.example"]
		.flatMap((name) => [`${pick(found)} ${name}\n`, `${pick(found)} ${name}\n`]).join(""));
	return [`${work}/${i}.yml`, `${work}/${i}.answers`];
}

for (const file of readdirSync(".").filter((name) => name.endsWith(".yml")))
	judge(file, "answers");
for (let i = 0; i < Number(count); i++)
	judge(...write(i));
console.log(`${printed} objects printed, ${refused} refused; ${asked} destinations asked, ${open} open`);
if (printed < Number(count) || open < asked / 50 || open > asked / 2)
	throw new Error("too little was asked");
