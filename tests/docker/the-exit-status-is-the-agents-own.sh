#!/bin/bash
# docker run ends as the agent ended, as PID 1 and under docker run --init alike, with and without
# the guard.
. "$(dirname "$0")/lib.sh"

net=$(network net)

# ends WANTED COMMAND...
ends() {
	local wanted=$1 init

	shift
	for init in false true; do
		capture fenced --init=$init --network "$net" "$image" "$@"
		equals "$* (dns $dns, init $init)" "$wanted" "$status"
	done
}

for dns in resolvers guarded; do
	policy 192.0.2.1:443
	ends 0 true
	ends 1 false
	ends 42 sh -c 'exit 42'
	ends 137 sh -c 'kill -KILL $$'
	ends 143 sh -c 'kill -TERM $$'
	ends 134 python3 -c 'import os; os.abort()'
	ends 127 /nowhere
	ends 126 /etc/passwd

	capture fenced --network "$net" -e NETPALE_POLICY=nonsense "$image" true
	equals 'a failure of netpale itself' 125 "$status"

	capture fenced --network "$net" "$image" sh -c 'echo out; echo err >&2'
	contains 'what it prints arrives' out "$out"
	contains 'what it complains about arrives' err "$out"
	got=$(echo typed | docker run -i --rm --label "$label" "${privileges[@]}" "${with_policy[@]}" \
		--network "$net" "$image" cat 2>/dev/null)
	equals 'what is typed arrives' typed "$got"
	capture fenced --network "$net" "$image" sh -c 'echo again >/dev/stdout; echo again >/dev/stderr'
	equals 'the agent may open its own output' 0 "$status"
done
