#!/bin/bash
# docker/init-firewall as it stands, in the devcontainer's place: what init-firewall.sh tries at its end
# ends as it should, and so does what its rules open beyond that.
#
#   web --- net --- agent --- internet --- host     api.github.com and example.com are addresses of host
. "$(dirname "$0")/lib.sh"

net=$(network net)
server "$net" web 80
# Addresses as the internet has them, in a network of our own.
prefix=11.$((RANDOM % 256)).$((RANDOM % 256))
internet=$(network internet --internal --subnet "$prefix.0/24")
start host --network "$internet" --ip "$prefix.2" --cap-add NET_ADMIN --entrypoint sh "$image" -c \
	"ip address add $prefix.3/24 dev eth0; exec stub 22 53 80 443 8443"
await 20 'the hosts of the internet answer' said "$id-host" listening
# Whose network the agent gets. It has no subnet there, only a way.
start place --network "$net" --add-host "api.github.com:$prefix.2" --add-host "example.com:$prefix.3" \
	--cap-add NET_ADMIN --entrypoint sleep "$image" infinity
docker network connect --ip "$prefix.4" "$internet" "$id-place"
docker exec "$id-place" sh -c "ip address del $prefix.4/24 dev eth1; ip address add $prefix.4/32 dev eth1
	ip route add $prefix.0/24 dev eth1"
capture docker exec "$id-place" curl -sS http://example.com http://example.com:443
contains 'without a fence example.com answers' 'host greets' "$out"
# As in a network that has a way out.
gateway=$(docker network inspect -f '{{(index .IPAM.Config 0).Gateway}}' "$net")
docker exec "$id-place" ip route add default via "$gateway"

# The devcontainer of somebody who changes over.
project=$work/project
mkdir "$project"
change_over() {
	cp -r docker/devcontainer/.devcontainer "$project/"
	cp docker/init-firewall/policy.yml "$project/.devcontainer/"
}
(cd "$repository" && change_over)
docker build -q --network host -t "netpale-changed:$id" "$project/.devcontainer" >"$work/build.log" 2>&1 ||
	fail "building the devcontainer: $(tail -n 3 "$work/build.log")"
# shellcheck disable=SC2317  # called at the end
clean_more() { gone; docker rmi "netpale-changed:$id"; } >/dev/null 2>&1
docker run -d --label "$label" --name "$id-agent" --network "container:$id-place" "${privileges[@]}" \
	--security-opt no-new-privileges -e NETPALE_RESOLVE_TIMEOUT=1 "netpale-changed:$id" >/dev/null
await 30 'the agent is fenced' said "$id-agent" 'netpale: restricted'
inside() { docker exec -u agent "$id-agent" "$@" 2>&1; }

# What the script tries with curl.
check_fence() {
	netpale verify --open api.github.com:443 --closed example.com:443
}
passes() { inside bash -c "$1"; }
capture passes "$(declare -f check_fence); check_fence"
equals 'the verification passes' 0 "$status"
capture passes "$(declare -f check_fence | sed 's/example.com/api.github.com/'); check_fence"
equals 'which it does not where too much is open' 1 "$status"
capture passes "$(declare -f check_fence | sed 's/api.github.com/example.com/'); check_fence"
equals 'or too little' 1 "$status"

# From the other container in the same network.
got=$(docker exec -u agent "$id-place" probe api.github.com:{22,443,8443} example.com:{22,80,443} \
	web:80 "$prefix.3:53/udp")
for reached in api.github.com:443 api.github.com:22 web:80; do
	contains "$reached is reached" "$reached reached" "$got"
done
for refused in api.github.com:8443 example.com:22 example.com:80 example.com:443 "$prefix.3:53/udp"; do
	contains "$refused is refused at once" "$refused refused at once" "$got"
done
capture inside netpale explain "$gateway:80"
equals 'the host is refused' 1 "$status"

# The script needs each name, and cannot run twice behind its own rules.
contains 'names without an answer are told, and skipped' 'skipped sentry.io' "$(docker logs "$id-agent" 2>&1)"
capture docker exec "$id-agent" netpale apply
equals 'it is applied once more' 0 "$status"
capture passes "$(declare -f check_fence); check_fence"
equals 'and the verification passes' 0 "$status"
