#!/bin/bash
# | `docker network connect` while the agent runs: hosts and gateway of the second network, by address and by name | reached | refused | the fence is the namespace's, not an interface's |
. "${0%/*}/../docker/lib.sh"

first=$(network first)
second=$(network second)
server "$second" other 80
gateway=$(docker network inspect -f '{{(index .IPAM.Config 0).Gateway}}' "$second")
policy 203.0.113.7:80

tries="probe $(address other):80 $(address other):9/udp $gateway:9/udp other:80"
reached() { # CONTAINER
	docker exec -u agent "$id-$1" netpale exec -q -- sh -c "$tries" | grep ' reached' || :
}
start bare --network "$first" --entrypoint sleep "$image" infinity
docker network connect "$second" "$id-bare"
got=$(docker exec -u agent "$id-bare" sh -c "$tries")
contains 'unfenced: the other host is reached' "$(address other):80 reached" "$got"
contains 'unfenced: by its name, too' 'other:80 reached' "$got"
contains 'unfenced: so is the gateway' "$gateway:9/udp reached" "$got"

for dns in resolvers guarded; do
	policy 203.0.113.7:80
	start $dns --network "$first" "${privileges[@]}" --security-opt no-new-privileges \
		"${with_policy[@]}" "$image" sleep infinity
	await 20 "$dns: the agent is fenced" said "$id-$dns" 'netpale: restricted'
	before=$(fence "$id-$dns")
	docker network connect "$second" "$id-$dns"
	contains "$dns: there is a second wire" eth1 "$(docker exec "$id-$dns" ls /sys/class/net)"
	equals "$dns: nothing there is reached" '' "$(reached $dns)"
	equals "$dns: the fence is as it was" "$before" "$(fence "$id-$dns")"
done
