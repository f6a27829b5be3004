#!/bin/bash
# docker/dev-ports as it stands, but in a network without a way out: Vite runs behind the fence, Chromium
# looks at it through the proxy.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/compose.bash"

example=$repository/docker/dev-ports
export PORT=8080
browser=$(image_of browser)
image_of vite >/dev/null

# Besides Vite: a port that nobody declared, one that only the proxy knows, and one that listens on
# loopback alone.
mkdir "$work/project"
cat >"$work/project/index.html" <<'HTML'
<!doctype html><title>dev</title><p id="echo">no echo</p>
<script type="module" src="/main.js"></script>
HTML
cat >"$work/project/main.js" <<'JS'
import.meta.hot.on('echo', text => { document.getElementById('echo').textContent = text; });
import.meta.hot.send('echo', 'there');
JS
cat >"$work/project/vite.config.js" <<'JS'
import { createServer } from 'node:http';

const listen = (...where) => createServer((asked, answer) => answer.end('leaked')).listen(...where);
const echo = { name: 'echo', configureServer({ ws }) {
	ws.on('echo', (text, client) => client.send('echo', `${text} and back`));
	for (const where of [[4000], [4001], [5173, '127.0.0.1']]) listen(...where);
} };
export default { plugins: [echo], cacheDir: '/tmp/vite' };
JS
{ cat "$example/projects.conf"; echo 'demo-4001.localhost demo:4001;'; } >"$work/projects.conf"
cat >"$work/inside.yml" <<YAML
networks: {default: {internal: true}}
services:
  demo:
    build: {context: "$tests/images/vite", network: host}
    command: [netpale, run, --, vite, --host, --port, "3000"]
    working_dir: /project
    volumes: ["$work/project:/project"]
  proxy: {build: {network: host}, volumes: ["$work/projects.conf:/etc/nginx/projects.conf:ro"]}
YAML
# What the README says to type.
types() {
	docker compose up -d
}
types >"$work/up.log" 2>&1 || fail "up: $(tail -n 5 "$work/up.log")"

# asks CURL OPTION...: status and text of the proxy's answer.
asks() {
	capture docker run --rm --label "$label" --network "${id}_default" --entrypoint curl "$image" \
		-sS -w ' [%{http_code}]\n' "$@" http://proxy:8080/
}
# shellcheck disable=SC2317  # called through await
serves() { asks -H 'Host: demo-3000.localhost' && [[ $out == *'[200]' ]]; }
await 30 'the dev server answers' serves

# What a browser gets.
capture docker run --rm -i --label "$label" --network "${id}_default" "$browser" \
	'--host-resolver-rules=MAP *.localhost proxy:8080' <<'JS'
const open = async url => {
	const answer = await page.goto(url);
	console.log(url, answer.status(), (await page.innerText('body')).replace(/\n+/g, ' '));
};
await page.goto('http://demo-3000.localhost/');
await page.waitForFunction(() => document.getElementById('echo').textContent != 'no echo');
console.log('by WebSocket:', await page.innerText('#echo'));
console.log('kept from:', await page.evaluate(() => new Promise(resolve => {
	document.addEventListener('securitypolicyviolation', event => resolve(event.blockedURI));
	fetch('http://demo-5173.localhost/').catch(() => {}).then(() => setTimeout(resolve, 500, 'nothing'));
})));
for (const port of [4000, 4001, 5173]) await open(`http://demo-${port}.localhost/`);
JS
equals 'the browser did all of it' 0 "$status"
contains 'the page is there, and its WebSocket both ways' 'by WebSocket: there and back' "$out"
contains 'the page cannot call another host' 'kept from: http://demo-5173.localhost/' "$out"
contains 'a port that is not declared is refused' \
	'http://demo-4000.localhost/ 403 Refused: demo-4000.localhost is not declared. A line in projects.conf' "$out"
contains 'one that the fence does not know is refused by it' \
	'http://demo-4001.localhost/ 502 Nothing answers at demo:4001.' "$out"
contains 'a server on loopback alone is not reached, and why is said' \
	'http://demo-5173.localhost/ 502 Nothing answers at demo:5173. Is a dev server running there? Does it listen on 0.0.0.0' "$out"

# Whoever plays with the host gets nothing.
agent=$(compose ps -q demo)
agent_address=$(address_of demo)
hosts=(demo-3000.localhost.evil.example evil.demo-3000.localhost demo-3000.localhostx demo-30000.localhost
	demo-3000 other-3000.localhost demo:4000 "$agent_address:3000" 127.0.0.1 localhost '<script>' ' ')
# shellcheck disable=SC2016  # the shell inside expands it
capture docker run --rm --label "$label" --network "${id}_default" --entrypoint sh "$image" -c '
	for host; do curl -sS -o /dev/null -w "%{http_code}\n" -H "Host: $host" http://proxy:8080/; done' - "${hosts[@]}"
equals 'no other Host gets anything' "${#hosts[@]}" "$(grep -cE '^40[03]$' <<<"$out")"
asks -H 'Host: demo-3000.localhost' --request-target http://elsewhere.example/
contains 'nor does a whole URL' '[403]' "$out"
asks -H 'Host: demo-3000.localhost' --request-target demo:4000 -X CONNECT
contains 'nor does CONNECT' '[40' "$out"
asks -H 'Host: <script>'
contains 'what is refused is no page' 'Refused: <script> is not declared.' "$out"
asks -H 'Host: <script>' -o /dev/null -D -
contains 'but text' 'Content-Type: text/plain' "$out"

# Without the proxy's word: from its container straight to the agent's, where all of these listen.
reaches() { capture docker exec "$1" bash -c "exec 3<>/dev/tcp/$2/$3 && echo open"; }
proxy=$(compose ps -q proxy)
reaches "$proxy" demo 3000
equals 'the proxy reaches a port that is declared' open "$out"
for port in 4000 4001; do
	reaches "$agent" "$agent_address" $port
	equals "port $port listens" open "$out"
	reaches "$proxy" demo $port
	contains "the fence refuses it to the proxy" 'Connection refused' "$out"
done

equals 'only this machine gets to the proxy' '127.0.0.1:8080' "$(docker inspect -f \
	'{{range .HostConfig.PortBindings}}{{range .}}{{.HostIp}}:{{.HostPort}}{{end}}{{end}}' "$proxy")"
