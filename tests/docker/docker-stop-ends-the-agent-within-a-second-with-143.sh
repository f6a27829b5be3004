#!/bin/bash
# docker stop reaches the agent, though a program that is PID 1 itself would not hear it.
# Runs alone.
. "$(dirname "$0")/lib.sh"

net=$(network net)
status_of() { docker inspect -f '{{.State.ExitCode}}' "$id-$1"; }

# stopped NAME WANTED ARG...: starts the agent, stops it, looks at status and time.
stopped() {
	local name=$1 wanted=$2 begin took

	shift 2
	start "$name" --network "$net" "${privileges[@]}" "${with_policy[@]}" "$@"
	await 20 "$name runs" said "$id-$name" ready
	begin=$(milliseconds)
	docker stop -t 10 "$id-$name" >/dev/null
	took=$(($(milliseconds) - begin))
	equals "$name: the status" "$wanted" "$(status_of "$name")"
	[ "$took" -le 1000 ] || fail "$name: the stop took $took ms"
	echo "ok: $name: stopped in $took ms"
}

for dns in resolvers guarded; do
	policy 192.0.2.1:443
	stopped $dns-simple 143 "$image" sh -c 'echo ready; exec sleep infinity'
	stopped $dns-children 143 "$image" sh -c 'sleep infinity & echo ready; wait'
	stopped $dns-orderly 7 "$image" \
		bash -c 'trap "exit 7" TERM; echo ready; while :; do read -t 1 <> <(:) ; done'
	stopped $dns-under-init 143 --init "$image" sh -c 'echo ready; exec sleep infinity'

	start $dns-interrupted --network "$net" "${privileges[@]}" "${with_policy[@]}" \
		"$image" python3 -c 'import signal; print("ready", flush=True); signal.pause()'
	await 20 'the agent runs' said "$id-$dns-interrupted" ready
	docker kill -s USR1 "$id-$dns-interrupted" >/dev/null
	equals "another signal arrives too (dns $dns)" 138 \
		"$(timeout 10 docker wait "$id-$dns-interrupted")"
done
