#!/bin/bash
# shellcheck disable=SC2016  # the container's shell expands it
# docker/run-agent: the agent is who owns the workspace, has it and a terminal, and is told the key by no
# command line. The container has one mount, and the capabilities that the fence needs.
. "$(dirname "$0")/lib.sh"
. "$tests/run_agent.bash"

net=$(network net)
token=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')

try -- sh -c 'id -u; id -g; pwd; echo "$HOME"; touch made'
contains 'as the owner of the workspace, in it, at home' $'1000\n1000\n/workspace\n/home/agent' "$out"
equals 'what it makes is its own' '1000 1000' "$(stat -c '%u %g' made)"
equals 'what is typed arrives' typed "$(echo typed | agent -- cat 2>/dev/null)"
equals 'arguments arrive as they are' "|a b||'\$x'|" \
	"$(agent -- printf '|%s|%s|%s|' 'a b' '' "'\$x'" 2>/dev/null </dev/null)"
try -- /nowhere
equals 'a command that is missing' 127 "$status"

# Somebody whom the image does not know can write somewhere, too.
chown 4321:77 . made
try -- sh -c 'id -u; touch "$HOME/x" made && echo wrote'
contains 'another owner' $'4321\nwrote' "$out"
chown 1000:1000 . made

capture timeout 60 "$tests/terminal" shell "$repository/docker/run-agent" --network "$net" -- bash --norc -i
contains 'Ctrl-Z stops a job of the shell' Stopped "$out"
contains 'its status arrives from a terminal' 'ended 5' "$out"

ANTHROPIC_API_KEY=$token TOLD=too agent --env TOLD -- \
	sh -c 'echo "$ANTHROPIC_API_KEY $TOLD"; until [ -e end ]; do sleep 0.1; done' >"$work/out" 2>/dev/null &
await 30 'the agent has the key' grep -x "$token too" "$work/out"
lacks 'no command line has it' "$token" "$(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ')"
got=$(docker inspect "$id-agent")
lacks 'nor has the container' "$token" "$got"
equals 'one mount' /workspace "$(jq -r '.[0].Mounts[].Destination' <<<"$got")"
equals 'and what the fence needs' \
	'["ALL"] ["CHOWN","KILL","NET_ADMIN","SETGID","SETPCAP","SETUID"] ["no-new-privileges"] false' \
	"$(jq -rc '.[0].HostConfig | "\(.CapDrop) \(.CapAdd | map(ltrimstr("CAP_")) | sort) \(.SecurityOpt) \(.Privileged)"' <<<"$got")"
touch end
wait $!
equals 'the container is gone' '' "$(left)"
