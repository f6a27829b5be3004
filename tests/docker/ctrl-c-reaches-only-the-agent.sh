#!/bin/bash
# docker run -it, driven through a terminal: Ctrl-C, Ctrl-Z and a change of size arrive at the
# agent alone, once, and nothing hangs; also under docker run --init, and with the guard.
. "$(dirname "$0")/lib.sh"

net=$(network net)

# drive WHAT OPTION...
drive() {
	local what=$1

	shift
	capture timeout 60 "$tests/terminal" "$what" docker run -it --rm --label "$label" \
		--network "$net" "${privileges[@]}" "${with_policy[@]}" "$@"
	echo "$out"
}

for dns in resolvers guarded; do
	policy 192.0.2.1:443
	for init in false true; do
		# Under docker run --init the terminal is in the hands of Docker's init, which leaves
		# whoever is stopped by Ctrl-Z stopped.
		with="dns $dns, init $init"
		what=$([ $init = true ] && echo plain || echo agent)
		drive "$what" --init=$init -v "$tests/terminal-agent:/agent:ro" "$image" /agent
		equals "the driver came to its end ($with)" 0 "$status"
		equals "one Ctrl-C is one SIGINT ($with)" 1 "$(grep -c 'agent got SIGINT' <<<"$out")"
		contains "the agent learns its new size ($with)" 'size 50x132' "$out"
		contains "the agent has the terminal ($with)" 'foreground yes' "$out"
		contains "the agent may open it ($with)" 'opened /dev/tty /dev/stdout' "$out"
		contains "it goes on, after Ctrl-Z too ($with)" 'agent goes on' "$out"
		contains "the status is the agent's ($with)" 'ended 7' "$out"
	done

	# A shell as the agent has its job control.
	drive shell "$image" bash --norc -i
	contains "Ctrl-Z stops a job of the shell (dns $dns)" Stopped "$out"
	contains "the shell goes on (dns $dns)" 'still here 43' "$out"
	contains "its status arrives (dns $dns)" 'ended 5' "$out"
done
