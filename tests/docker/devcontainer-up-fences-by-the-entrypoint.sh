#!/bin/bash
# docker/devcontainer: the fence stands before any terminal does, and no terminal can undo it.
. "$(dirname "$0")/lib.sh"
. "$tests/devcontainer.bash"

net=$(network net)
server "$net" web 80
server "$net" other 80
declare -A refusal=([resolvers]='Connection refused' [guarded]='Name or service not known')

for dns in resolvers guarded; do
	example devcontainer web:80

	capture up
	contains 'devcontainer up succeeds' '"outcome":"success"' "$out"
	contains 'PID 1 is netpale' netpale "$(docker exec "$(container)" cat /proc/1/comm)"

	contains 'it waited for netpale verify' 'netpale verify' \
		"$(jq -r 'select(.waitFor == "postStartCommand").postStartCommand' "$work/project/.devcontainer/devcontainer.json")"

	tries() { capture cli exec bash -c "exec 3<>/dev/tcp/$1/80 && echo open"; }
	tries web
	contains 'a terminal reaches the allowed host' open "$out"
	tries other
	lacks 'a terminal does not reach another' open "$out"
	contains 'it is refused, or does not exist' "${refusal[$dns]}" "$out$(cat "$work/cli.log")"

	capture cli exec sh -c 'id -un; grep -E "^(CapEff|NoNewPrivs)" /proc/self/status | tr -d "\t" | xargs'
	contains 'a terminal is the agent' agent "$out"
	contains 'a terminal has nothing, for good' 'CapEff:0000000000000000 NoNewPrivs:1' "$out"
	capture cli exec netpale exec -- bash -c 'echo shell; exec 3<>/dev/tcp/other/80 && echo open'
	contains 'netpale exec gives a shell' shell "$out"
	lacks 'and that is fenced too' open "$out"
	capture docker exec "$(container)" netpale verify
	equals 'netpale verify finds the fence' 0 "$status"

	docker rm -f "$(container)" >/dev/null
done

example devcontainer web:99999
capture up
lacks 'with a broken policy devcontainer up fails' '"outcome":"success"' "$out"
equals 'with a broken policy no container runs' '' "$(container)"
