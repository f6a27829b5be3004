#!/bin/bash
# dns: guarded in the networks that Docker makes: the names of containers resolve as without it, those
# that no entry allows do not exist, and Docker's own rules stay.
. "$(dirname "$0")/lib.sh"

dns=guarded
net=$(network net)
# Docker calls a container by any name, dots and all: no server has to be asked for these.
start db --network "$net" --network-alias db --network-alias db.corp.example \
	--network-alias one.cdn.example --network-alias far.off.cdn.example \
	--network-alias cdn.example --network-alias evilcdn.example --entrypoint stub "$image" 80 81
server "$net" other 80
await 20 'the database answers' said "$id-db" listening
policy db:80 '{host: db.corp.example, ports: [80], private: true}' \
	'{host: "*.cdn.example", ports: [80], private: true}'

# agent NAME OPTION...: a fenced container that first notes the rules it found.
agent() {
	local name=$1

	shift
	start "$name" "${privileges[@]}" "${with_policy[@]}" "$@" --entrypoint sh "$image" -c \
		'nft -s list ruleset >/before 2>/dev/null; exec netpale run -- sh -c "echo started; exec sleep infinity"'
	await 20 "$name is fenced" said "$id-$name" started
}

probes() { got=$(docker exec "$id-$1" netpale exec -- probe "${@:2}" 2>&1); }
finds() {
	local name

	probes "$1" {db,db.corp.example,one.cdn.example,FAR.off.cdn.example}:80
	equals "$2: each allowed name is reached" 4 "$(grep -c ' reached$' <<<"$got" || true)"
	probes "$1" {other,cdn.example,evilcdn.example,nobody.example}:80
	equals "$2: another does not exist" 4 "$(grep -c ' unknown$' <<<"$got" || true)"
	probes "$1" db:81 "$(address other):80"
	equals "$2: another port and another address are closed" 2 \
		"$(grep -c ' refused at once ECONNREFUSED$' <<<"$got" || true)"
}

agent user --network "$net"
# Where Docker's resolver has nobody to ask, the start does not wait for what it says.
took=$(docker logs "$id-user" 2>&1 | sed -n 's/.*dns guarded.*; \([0-9]*\) ms$/\1/p')
[ "$took" -lt 1000 ] || fail "the start took $took ms"
echo "ok: the start took $took ms"
got=$(docker exec "$id-user" netpale exec -- dig +short +tries=1 db.corp.example @8.8.8.8 2>&1)
equals 'whatever server is asked' "$(address db)" "$got"
finds user 'user-defined network'
equals "Docker's rules stay" "$(docker exec "$id-user" cat /before)" "$(others "$id-user")"
contains "Docker's rules are NAT for its resolver" 127.0.0.11 "$(others "$id-user")"
docker restart -t 1 "$id-user" >/dev/null
await 20 'the agent starts again' sh -c "[ \$(docker logs $id-user 2>&1 | grep -c '^started') = 2 ]"
finds user 'after a restart'

# Networks that come later are behind the fence, and their names behind the policy.
second=$(network second)
start late --network "$second" --network-alias late --network-alias late.cdn.example \
	--entrypoint stub "$image" 80
await 20 'the late host answers' said "$id-late" listening
probes user late.cdn.example:80
contains 'a name that does not exist yet' 'late.cdn.example:80 unknown' "$got"
docker network connect "$second" "$id-user"
probes user late.cdn.example:80 late:80 "$(address late):80"
contains 'in a network connected later an allowed name is reached' 'late.cdn.example:80 reached' "$got"
contains 'another there does not exist' 'late:80 unknown' "$got"

# What netpale says of it all.
got=$(docker exec -u root "$id-user" netpale status)
contains 'status: what is in force' 'restricted, dns guarded' "$got"
contains 'status: a name and its address' "one.cdn.example $(address db) " "$(tr -s ' ' <<<"$got")"
