#!/bin/bash
# docker/feature in a project: the fence stands before any command of the project runs, at each start, and
# no terminal can undo it.
. "$(dirname "$0")/lib.sh"
. "$tests/feature.bash"

net=$(network net)
server "$net" web 80
server "$net" other 80

# Tools that a terminal could undo it with are in the image: sudo, and nft with another's rights. Another
# Feature holds the entrypoint back.
another
project '{"allow": "web:80", "presets": ""}' \
	'.features["./another"] = {} | .onCreateCommand = "bash -c \"exec 3<>/dev/tcp/other/80\" && touch /tmp/reached || touch /tmp/refused"'
capture up
contains 'devcontainer up succeeds' '"outcome":"success"' "$out"
contains 'it waited for the fence' postStartCommand "$(jq -r .waitFor "$repository/docker/feature/devcontainer.json")"
capture docker exec "$(container)" sh -c 'ls /tmp/reached /tmp/refused 2>/dev/null'
equals "the project's own commands ran behind it" /tmp/refused "$out"

tries() { as_agent bash -c "exec 3<>/dev/tcp/$1/80 && echo open"; }
as_agent() { capture docker exec -u agent "$(container)" "$@"; }
# What holds after each start.
fenced_now() {
	tries web
	contains "$1: a terminal reaches the allowed host" open "$out"
	tries other
	lacks "$1: a terminal does not reach another" open "$out"
	contains "$1: it is refused" 'Connection refused' "$out"
	as_agent netpale verify
	equals "$1: netpale verify finds nothing as the agent" 0 "$status"
	capture docker exec "$(container)" netpale verify
	equals "$1: nor as root" 0 "$status"
}
fenced_now 'first start'

capture cli exec sh -c 'id -un; grep -E "^(CapEff|NoNewPrivs)" /proc/self/status | tr -d "\t" | xargs'
contains 'a terminal is the agent' agent "$out"
contains 'a terminal has nothing, for good' 'CapEff:0000000000000000 NoNewPrivs:1' "$out"
bounding=$((16#$(docker exec "$(container)" sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)))
equals 'NET_RAW is dropped, NET_ADMIN is there' '0 1' "$((bounding >> 13 & 1)) $((bounding >> 12 & 1))"
before=$(fence "$(container)")
for words in 'sudo -n nft' nft-setuid nft-caps nft; do
	as_agent sh -c "$words add table inet evil; exit \$?"
	[ "$status" != 0 ] || fail "the agent may $words add table"
	as_agent sh -c "$words flush ruleset; exit \$?"
	[ "$status" != 0 ] || fail "the agent may $words flush ruleset"
done
as_agent sudo -n netpale apply
[ "$status" != 0 ] || fail 'the agent may sudo netpale apply'
as_agent /usr/local/share/netpale/entrypoint
[ "$status" != 0 ] || fail 'the agent may start the fence anew'
equals 'neither sudo nor setuid nor file capabilities change it' "$before" "$(fence "$(container)")"

as_agent netpale log
contains 'what was refused is told' ':80/tcp' "$out"
as_agent netpale explain other:80
contains 'and why' 'refused: other:80/tcp' "$out"

docker restart -t 1 "$(container)" >/dev/null
capture up
contains 'a second devcontainer up succeeds' '"outcome":"success"' "$out"
fenced_now 'after a restart'

# What an earlier start left behind does not stand for this one.
docker exec "$(container)" sh -c 'echo "network: {policy: open}" >/etc/netpale/policy.yml'
docker restart -t 1 "$(container)" >/dev/null
capture up
lacks 'after a start that fails devcontainer up fails' '"outcome":"success"' "$out"
contains 'it says why' "not 'open'" "$(cat "$work/cli.log")"
tries "$(address web)"
contains 'and everything is closed' 'Connection refused' "$out"
