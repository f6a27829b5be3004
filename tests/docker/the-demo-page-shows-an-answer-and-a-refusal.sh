#!/bin/bash
# docker/demo --page, looked at with Chromium: what it says, and how it looks. The screenshots stay in
# build/demo.
. "$(dirname "$0")/lib.sh"

browser=$(image_of browser)
shots=$repository/build/demo
mkdir -p "$shots"

for words in '--page unreal' '--page real real' '--pages'; do
	# shellcheck disable=SC2086  # words
	capture "$repository/docker/demo" $words
	equals "docker/demo $words is not understood" 64 "$status"
	contains 'and quoted' "'${words#--page }'" "$out"
done

# What the README says to type, in the background as Ctrl-C would find it.
types() {
	docker/demo --page
}
cd "$repository"
set -m
types >"$work/said" 2>"$work/errors" &
demo=$!
set +m
# Ctrl-C: only then does the shell in between wait for its end.
interrupt() {
	kill -INT -- "-$demo"
	wait "$demo"
}
# shellcheck disable=SC2317  # called at the end
clean_more() {
	[ "$1" = 0 ] || cat "$work/errors"
	interrupt 2>/dev/null
}
await 400 'the page is published' grep http "$work/said"
url=$(sed -n 's/ until Ctrl-C$//p' "$work/said")
[[ $url =~ ^http://127\.0\.0\.1:[0-9]+/$ ]] || fail "'$url' is not on loopback"
capture docker run --rm --label "$label" --network host --entrypoint curl "$image" -sS -m 10 "$url"
contains 'this machine gets the page' '<title>netpale: ' "$out"

proxy=$(docker ps -q --filter "publish=$(tr -dc 0-9 <<<"${url##*:}")")
name=$(docker inspect -f '{{.Name}}' "$proxy")
name=${name#/} name=${name%-proxy}
equals 'its hosts are in a network without a way out' true "$(docker network inspect -f '{{.Internal}}' "$name")"
docker exec "$name-demo" python3 -c 'import socket; socket.create_connection(("'"$(
	docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$name-elsewhere.example.net"
)"'", 80))' 2>"$work/refused" && fail 'the agent reaches the other host'
contains 'the other host is closed by its address, too' 'Connection refused' "$(cat "$work/refused")"

capture docker run --rm -i --label "$label" --network "$name" -v "$shots:/shots" "$browser" \
	'--host-resolver-rules=MAP 127.0.0.1 proxy:8080' <"$tests/demo-page.js"
equals 'the browser did all of it' 0 "$status"
contains 'the allowed call is answered' 'allowed: ✓ answered in' "$out"
contains 'by the host' 'GET http://api.example.com/hello | 200 Hello from beyond the pale.' "$out"
contains 'and the line that allows it is told' \
	'| Why | allowed by api.example.com:80 | Where | /etc/netpale/policy.yml:4' "$out"
contains 'the other call is refused' 'refused: ✕ refused in' "$out"
contains 'the reason is told, and by whom' '| Why | name refused: no entry | Who | app, uid 1000' "$out"
contains 'and what would allow it' '| What would allow it | - elsewhere.example.net:80/tcp' "$out"
contains 'the policy is shown' 'policy: network: policy: restricted allow:' "$out"
lacks 'nothing is wrong with how it looks' 'WRONG' "$out"
equals 'each look was looked at' 4 "$(grep -c '^looked at ' <<<"$out")"
lacks 'the browser has nothing to complain of' 'console:' "$out"

# The hosts of the internet are asked by nobody here; their policy says the same of them.
for host in api.github.com example.com; do
	out+=$(docker run --rm --label "$label" --network none --entrypoint netpale -v \
		"$repository/docker/demo-page/real.yml:/etc/netpale/policy.yml:ro" netpale-page explain "$host:443" || true)
done
contains 'the real host is allowed' 'allowed: api.github.com:443' "$out"
contains 'the other real host is not' 'refused: example.com:443' "$out"

status=0
interrupt || status=$?
equals 'it ends by Ctrl-C' 130 "$status"
equals 'no container stays' '' "$(docker ps -aq --filter "name=$name")"
equals 'no network stays' '' "$(docker network ls -q --filter "name=$name")"
