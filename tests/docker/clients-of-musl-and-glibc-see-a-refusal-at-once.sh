#!/bin/bash
# musl waits out its timer for some replies that glibc takes at once, and the other way round: that of
# the guard for a name that is not allowed ends the search of both.
# Runs alone.
. "$(dirname "$0")/lib.sh"

dns=guarded
net=$(network net)
server "$net" web 80
server "$net" other 80
policy web:80
musl-gcc -static -o "$work/musl" "$tests/../peers/visit.c"
gcc -o "$work/glibc" "$tests/../peers/visit.c"
# A search domain is a second name to ask for.
start agent --network "$net" --dns-search corp.example "${privileges[@]}" "${with_policy[@]}" \
	-v "$work:/clients:ro" "$image" sh -c 'echo started; exec sleep infinity'
await 20 'the agent is fenced' said "$id-agent" started

# shellcheck disable=SC2016  # the shell inside expands it
visits='begin=$(date +%s%N); "$@"; echo "took $((($(date +%s%N) - begin) / 1000000)) ms"'
for libc in musl glibc; do
	capture docker exec "$id-agent" netpale exec -- "/clients/$libc" web 80 20
	contains "$libc: the allowed name" '20 visits, 20 connects, 0 refused, 1 addresses, 0 unresolved' "$out"
	for name in other secret.corp.example; do
		capture docker exec "$id-agent" netpale exec -- sh -c "$visits" - "/clients/$libc" $name 80 1
		contains "$libc: $name does not exist" '0 addresses, 1 unresolved' "$out"
		took=$(sed -n 's/^took \([0-9]*\) ms$/\1/p' <<<"$out")
		[ "$took" -lt 1000 ] || fail "$libc: $name took $took ms"
		echo "ok: $libc: which took $took ms"
	done
done
