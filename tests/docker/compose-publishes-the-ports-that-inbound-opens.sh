#!/bin/bash
# docker/compose as it stands, but that its published port is any free one, and another is published, too,
# which the policy does not know. Its network is a bridge without masquerading, asked for nothing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/compose.bash"

example=$work/compose
cp -r "$repository/docker/compose" "$example"
sed -i 's/"127.0.0.1:3000:3000"/"127.0.0.1::3000", "127.0.0.1::3001"/' "$example/compose.yml"
cat >"$work/inside.yml" <<'YAML'
networks: {default: {driver_opts: {com.docker.network.bridge.enable_ip_masquerade: "false"}}}
services:
  agent:
    build: {network: host}
    command: [netpale, run, --, sh, -c, "cd /home/agent; python3 -m http.server 3001 & exec python3 -m http.server 3000"]
  api: {build: {network: host}}
  database: {build: {network: host}}
YAML
compose up -d >"$work/up.log" 2>&1 || fail "up: $(tail -n 5 "$work/up.log")"

# Loopback of this machine, where a port is published.
gets() {
	capture docker run --rm --label "$label" --network host --entrypoint curl "$image" \
		-sS -m 10 -o /dev/null -w '%{http_code}' "http://$(compose port agent "$1")/"
}
# shellcheck disable=SC2317  # called through await
serves() { gets 3000 && [ "$out" = 200 ]; }
# shellcheck disable=SC2317
listens() { compose exec -T agent bash -c 'exec 3<>/dev/tcp/localhost/3001'; }
await 20 'a port that inbound names is reached from outside' serves
await 20 'another listens, too' listens
gets 3001
lacks 'and is not, though it is published' 200 "$out"
[ "$status" != 0 ] || fail 'curl succeeds'
contains 'only this machine reaches it' 127.0.0.1: "$(compose port agent 3000)"
