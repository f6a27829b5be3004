#!/bin/bash
# | a shell of the agent's user by `docker exec`, and there sudo, setuid and file capabilities, in a container with no-new-privileges; the same without it by `docker exec ... netpale exec` | `docker exec` without either: takes the fence down | refused | no-new-privileges, or the drop by netpale exec |
# | a shell of root's by `docker exec`, in a sidecar's agent (`network_mode: service:fence`) | with NET_ADMIN: takes the fence down | refused | the sidecar leaves nothing to take |
. "${0%/*}/../docker/lib.sh"

net=$(network net)
server "$net" other 80
other=$(address other)
# Each is one line of the shell, and succeeds where the fence gives way or lets something through.
ways=('sudo -n nft add chain inet netpale open' 'nft-caps add chain inet netpale open'
	'sudo -n nft flush ruleset' 'nft-caps flush ruleset' 'nft-setuid flush ruleset'
	'sudo -n python3 -c "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"'
	"probe $other:80 | grep reached" "sudo -n -u nobody probe $other:80 | grep reached"
	"sudo -n probe $other:80 | grep reached")
opened() { # docker exec's WORDS...
	# shellcheck disable=SC2016 # the container's shell's
	docker exec "$@" bash -c 'for way; do
		bash -c "$way" >/dev/null 2>&1 && echo "$way"
	done; :' - "${ways[@]}"
}
policy 203.0.113.7:80

start loose --network "$net" --cap-add NET_ADMIN "${with_policy[@]}" "$image" sleep infinity
start tight --network "$net" --cap-add NET_ADMIN --security-opt no-new-privileges "${with_policy[@]}" \
	"$image" sleep infinity
start fence --network "$net" "${privileges[@]}" "${with_policy[@]}" --entrypoint netpale "$image" guard
for container in loose tight fence; do
	await 20 "$container is fenced" said "$id-$container" 'netpale: restricted'
done
docker run -d --label "$label" --name "$id-agent" --network "container:$id-fence" --cap-drop ALL \
	--entrypoint sleep "$image" infinity >/dev/null
before=$(fence "$id-tight")
contains 'a fence stands' 'policy drop' "$before"

equals 'a shell of the agent with no-new-privileges has no way' '' "$(opened -u agent "$id-tight")"
equals 'nor by netpale exec' '' "$(opened -u agent "$id-tight" netpale exec -q --)"
equals 'its fence is as it was' "$before" "$(fence "$id-tight")"
for user in agent root; do
	equals "by netpale exec $user has no way, without no-new-privileges" '' \
		"$(opened -u $user "$id-loose" netpale exec -q --)"
	equals "nor has $user in the agent's container of a sidecar" '' "$(opened -u $user "$id-agent")"
done
for container in loose fence; do
	contains "the fence of $container stands" 'policy drop' "$(fence "$id-$container")"
done

got=$(opened -u agent "$id-loose")
for way in "${ways[0]}" "${ways[1]}" "${ways[2]}" "probe $other:80 | grep reached"; do
	contains "without any of it this works: $way" "$way" "$got"
done
