#!/bin/bash
# docker exec starts with the container's own capabilities; netpale exec gives them up.
. "$(dirname "$0")/lib.sh"

net=$(network net)
server "$net" web 80
server "$net" other 80
policy web:80
start agent --network "$net" "${privileges[@]}" "${with_policy[@]}" "$image" sleep infinity
await 20 'the agent is fenced' said "$id-agent" 'netpale: restricted'

# shell USER: what a shell that USER starts is left with.
shell() {
	docker exec -u "$1" "$id-agent" netpale exec -- sh -c '
		id -u; grep -E "^(Cap|NoNew|Seccomp:)" /proc/self/status | tr -d "\t" | xargs
		probe web:80 other:80; nft-caps add table inet evil 2>/dev/null && echo EVIL
		sudo -n true 2>/dev/null && echo SUDO; true' 2>&1
}

got=$(shell root)
contains 'from root: the user' 1000 "$got"
contains 'from root: no capability' \
	'CapInh:0000000000000000 CapPrm:0000000000000000 CapEff:0000000000000000 CapBnd:0000000000000000' "$got"
for user in root agent; do
	got=$(shell $user)
	contains "from $user: no new privileges, and a filter" 'NoNewPrivs:1 Seccomp:2' "$got"
	contains "from $user: no effective capability" 'CapEff:0000000000000000' "$got"
	contains "from $user: the allowed host is reached" 'web:80 reached' "$got"
	contains "from $user: another is refused" 'other:80 refused at once' "$got"
	lacks "from $user: nft is refused" EVIL "$got"
	lacks "from $user: sudo is refused" SUDO "$got"
done

# What the promise is about: without netpale exec the same user could.
contains 'without netpale exec sudo works' root "$(docker exec -u agent "$id-agent" sudo -n id)"

capture docker exec "$id-agent" netpale exec -- sh -c 'exit 9'
equals 'its status arrives' 9 "$status"
capture docker exec "$id-agent" netpale exec -- nosuchcommand
equals 'a missing command' 127 "$status"

start bare --network "$net" --cap-add NET_ADMIN --entrypoint sleep "$image" infinity
for user in root agent; do
	capture docker exec -u $user "$id-bare" netpale exec -- echo ran
	equals "where no fence stands $user gets no shell" 125 "$status"
	lacks "where no fence stands nothing runs for $user" ran "${out//$'\n'/ }"
done
