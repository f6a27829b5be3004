#!/bin/bash
# docker run --init has an init already: netpale then becomes the agent.
. "$(dirname "$0")/lib.sh"

policy 192.0.2.1:443
net=$(network net)
commands() { docker exec "$id-$1" ps -eo comm= | grep -vx ps | sort | xargs; }

# agent NAME OPTION...
agent() {
	local name=$1

	shift
	start "$name" "$@" --network "$net" "${privileges[@]}" "${with_policy[@]}" \
		"$image" sh -c 'echo ready; exec sleep infinity'
	await 20 "$name runs" said "$id-$name" ready
}

agent plain --init=false
agent init --init=true
equals 'without --init netpale stays as PID 1' 'netpale sleep' "$(commands plain)"
equals 'with --init only the agent is there' 'docker-init sleep' "$(commands init)"

of_pid_1() { docker exec "$id-plain" sed -n "s/^$1:[[:space:]]*//p" /proc/1/status | xargs; }
equals 'PID 1 has given up root' '1000 1000 1000 1000' "$(of_pid_1 Uid)"
for set in CapPrm CapEff CapBnd; do
	equals "PID 1 has given up $set" 0000000000000000 "$(of_pid_1 $set)"
done
