#!/bin/bash
# dns: guarded with a DNS server that is named by --dns: whomever the agent asks and however, the
# server hears of allowed names only.
. "$(dirname "$0")/lib.sh"
. "$tests/dns.bash"

dns=guarded
# Not --internal, where newer engines send nothing on; it is only our server that is asked.
net=$(network net --driver bridge)
server "$net" web 80
docker network connect bridge "$id-web"
policy '{host: web.example.test, ports: [80], private: true}' \
	'{host: "*.cdn.example.test", ports: [80], private: true}'
allowed='a.b.cdn.example.test one.cdn.example.test web.example.test'

inside() { docker exec "$id-$agent" netpale exec -- "$@" 2>&1; }

works() {
	local got

	got=$(inside probe {web,a.b.cdn}.example.test:80 {other,cdn}.example.test:80)
	equals "$agent: the allowed names are reached" 2 "$(grep -c ' reached$' <<<"$got" || true)"
	equals "$agent: others do not exist" 2 "$(grep -c ' unknown$' <<<"$got" || true)"
	equals "$agent: whatever server is asked for one" 'NOERROR NOERROR' \
		"$(asks "$elsewhere" 53 one.cdn.example.test A)"
}

for agent in user bridge; do
	[ $agent = bridge ] && where=bridge || where=$net
	elsewhere=$(at web "$where") # where no server is
	dns_server dns-$agent "$where" "$elsewhere"
	upstream=$(at dns-$agent "$where")
	start $agent --network "$where" --dns "$upstream" "${privileges[@]}" "${with_policy[@]}" \
		"$image" sh -c 'echo started; exec sleep infinity'
	await 20 "$agent is fenced" said "$id-$agent" started
	equals "$agent: nothing was asked at the start" '' "$(heard dns-$agent)"
	resolver=$(inside sed -n 's/^nameserver //p' /etc/resolv.conf)
	equals "$agent: whom the container asks" \
		"$([ $agent = user ] && echo 127.0.0.11 || echo "$upstream")" "$resolver"
	works
	never "$agent: the container's resolver" "$resolver"
	never "$agent: its server" "$upstream"
	never "$agent: a server elsewhere" "$elsewhere"
	equals "$agent: nothing else was heard" "$allowed" "$(heard dns-$agent)"
done

# Past the redirect: Docker's resolver at its own ports. That it answers there is seen without a fence.
agent=user
start open --network "$net" --dns "$(at dns-user "$net")" --entrypoint sleep "$image" infinity
for name in secret.example.test web.example.test; do
	equals "Docker's resolver is closed at its own ports: $name" 'none none none none' \
		"$(for table in udp tcp; do asks 127.0.0.11 "$(port user $table)" $name A; done | xargs)"
done
equals 'and nothing else was heard' "$allowed" "$(heard dns-user)"
contains 'without netpale it answers there' "$(at web "$net")" \
	"$(docker exec "$id-open" dig +short +time=3 +tries=1 secret.example.test @127.0.0.11 -p "$(port open udp)")"
contains 'and the server has heard of it' secret.example.test "$(heard dns-user)"
