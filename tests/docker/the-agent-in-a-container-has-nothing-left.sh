#!/bin/bash
# In an image that has sudo without password, and copies of nft with the setuid bit and with a
# file capability: nothing gets the agent past the fence or changes it.
. "$(dirname "$0")/lib.sh"

net=$(network net)
server "$net" web 80
server "$net" other 80
attack=(/attacks "$(address other)")

for dns in resolvers guarded; do
	policy web:80
	# Docker at its widest: with NET_RAW, without no-new-privileges, without its seccomp filter.
	start $dns --network "$net" --cap-add NET_ADMIN --security-opt seccomp=unconfined \
		"${with_policy[@]}" -v "$tests/attacks:/attacks:ro" \
		"$image" sh -c '"$@"; exec sleep infinity' - "${attack[@]}"
	await 20 'the agent is fenced' said "$id-$dns" 'netpale: restricted'
	before=$(fence "$id-$dns")
	await 60 'the attacks ran to their end' said "$id-$dns" 'the end'
	docker logs "$id-$dns" 2>&1
	lacks 'no attack worked' WORKED "$(docker logs "$id-$dns" 2>&1)"
	equals 'the fence is as it was' "$before" "$(fence "$id-$dns")"
	contains 'there is a fence' 'policy drop' "$before"

	# shellcheck disable=SC2016  # the container's shell expands it
	of_agent() { docker exec "$id-$dns" sh -c 'cd /proc/$(pgrep -x sleep) && '"$1"; }
	status_of_agent=$(of_agent 'cat status')
	field() { sed -n "s/^$1:[[:space:]]*//p" <<<"$status_of_agent" | tr -s '[:space:]' ' ' | sed 's/ $//'; }
	equals 'Uid' '1000 1000 1000 1000' "$(field Uid)"
	equals 'Gid' '1000 1000 1000 1000' "$(field Gid)"
	equals 'Groups, besides its own' '' "$(field Groups | sed 's/^1000$//')"
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		equals "$set" 0000000000000000 "$(field $set)"
	done
	equals NoNewPrivs 1 "$(field NoNewPrivs)"
	equals Seccomp 2 "$(field Seccomp)"
	equals 'descriptors' '0 1 2' "$(of_agent 'ls fd' | xargs)"
done

# The attacks are real ones: the same user in the same image without netpale succeeds.
start bare --network "$net" --cap-add NET_ADMIN --security-opt seccomp=unconfined \
	-v "$tests/attacks:/attacks:ro" --entrypoint sleep "$image" infinity
got=$(docker exec -u agent "$id-bare" "${attack[@]}")
for name in tcp udp 'nft, file capability' sudo io_uring; do
	contains "without netpale: $name" "$name: WORKED" "$got"
done
