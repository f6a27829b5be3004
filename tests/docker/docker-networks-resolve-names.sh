#!/bin/bash
# Names resolve behind the fence in every kind of network that Docker makes, Docker's own rules
# stay, and a container that is started again is fenced again.
. "$(dirname "$0")/lib.sh"

# The fence is about names in these tests, and so is the probe: reached or refused by name.
reaches() {
	local got

	got=$(docker exec "$id-$1" netpale exec -- probe web:80 other:80 2>&1)
	contains "$2: the allowed name is reached" 'web:80 reached' "$got"
	contains "$2: another is refused at once" 'other:80 refused at once ECONNREFUSED' "$got"
}

# recorded NAME HOST: by the name that the answer had, whoever gave it.
recorded() { docker exec "$id-$1" grep -F "\"names\":[\"$2\"]" /run/netpale/refused.jsonl; }

# agent NAME OPTION...: a fenced container that first notes the rules it found.
agent() {
	local name=$1

	shift
	start "$name" "${privileges[@]}" "${with_policy[@]}" "$@" --entrypoint sh "$image" -c \
		'nft -s list ruleset >/before 2>/dev/null; exec netpale run -- sh -c "echo started; exec sleep infinity"'
	await 20 "$name is fenced" said "$id-$name" started
}

dns_server() {
	start dns --network "$1" --entrypoint dnsmasq "$image" --keep-in-foreground --no-resolv \
		--no-hosts --log-facility=- --log-queries --address="/web.example.test/$2" --address="/other.example.test/$3"
	await 20 'the DNS server answers' said "$id-dns" started
}

net=$(network net)
server "$net" web 80
server "$net" other 80

policy web:80
agent user --network "$net"
reaches user 'user-defined network'
await 5 "Docker's resolver: the refusal has its name" recorded user other
equals "Docker's rules stay" "$(docker exec "$id-user" cat /before)" "$(others "$id-user")"
contains "Docker's rules are NAT for its resolver" 127.0.0.11 "$(others "$id-user")"

docker restart -t 1 "$id-user" >/dev/null
await 20 'the agent starts again' sh -c "[ \$(docker logs $id-user 2>&1 | grep -c '^started') = 2 ]"
reaches user 'after a restart'

# Networks that come later are behind the fence too.
second=$(network second)
server "$second" late 80
docker network connect "$second" "$id-user"
got=$(docker exec "$id-user" netpale exec -- probe late:80 2>&1)
contains 'a network connected later is behind the fence' 'late:80 refused at once' "$got"
docker rm -f "$id-user" >/dev/null

# With a server of our own, whose queries Docker sends on from the container's own network.
# Not --internal, where newer engines send nothing on; it is only our server that is asked.
open=$(network open --driver bridge)
docker network connect "$open" "$id-web"
docker network connect "$open" "$id-other"
at() { docker inspect -f "{{(index .NetworkSettings.Networks \"$2\").IPAddress}}" "$id-$1"; }
dns_server "$open" "$(at web "$open")" "$(at other "$open")"
policy '{host: web.example.test, ports: [80], private: true}'
agent asks --network "$open" --dns "$(at dns "$open")"
got=$(docker exec "$id-asks" netpale exec -- probe web.example.test:80 other.example.test:80 2>&1)
contains '--dns: the allowed name is reached' 'web.example.test:80 reached' "$got"
contains '--dns: another is refused at once' 'other.example.test:80 refused at once' "$got"
await 5 '--dns: the refusal has its name' recorded asks other.example.test
contains '--dns: the server was asked' 'web.example.test' "$(docker logs "$id-dns" 2>&1)"
docker rm -f "$id-asks" "$id-dns" >/dev/null

# The default bridge has no resolver of Docker's: the container asks for itself.
for host in web other; do
	docker network connect bridge "$id-$host"
done
dns_server bridge "$(at web bridge)" "$(at other bridge)"
agent bridge --dns "$(at dns bridge)"
got=$(docker exec "$id-bridge" netpale exec -- probe web.example.test:80 other.example.test:80 2>&1)
contains 'default bridge: the allowed name is reached' 'web.example.test:80 reached' "$got"
contains 'default bridge: another is refused at once' 'other.example.test:80 refused at once' "$got"
await 5 'default bridge: the refusal has its name' recorded bridge other.example.test

policy web:80
agent hosts --dns "$(at dns bridge)" --add-host "web:$(at web bridge)" --add-host "other:$(at other bridge)"
reaches hosts 'default bridge, /etc/hosts'
