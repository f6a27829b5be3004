#!/bin/bash
# dns: guarded with a DNS server that is named by --dns: whomever the agent asks and however, the
# server hears of allowed names only. Its own log is the witness.
. "$(dirname "$0")/lib.sh"

dns=guarded
# Not --internal, where newer engines send nothing on; it is only our server that is asked.
net=$(network net --driver bridge)
server "$net" web 80
docker network connect bridge "$id-web"
at() { docker inspect -f "{{(index .NetworkSettings.Networks \"$2\").IPAddress}}" "$id-$1"; }

# It knows every name below example.test, so that what does not resolve is not its doing.
dns_server() {
	start "dns-$1" --network "$2" --entrypoint dnsmasq "$image" --keep-in-foreground --no-resolv \
		--no-hosts --log-facility=- --log-queries --address="/example.test/$(at web "$2")"
	await 20 'the DNS server answers' said "$id-dns-$1" started
	upstream=$(at "dns-$1" "$2")
}
heard() {
	docker logs "$id-dns-$1" 2>&1 | sed -n 's/.*query\[[A-Z]*\] \([^ ]*\) from.*/\1/p' |
		tr '[:upper:]' '[:lower:]' | sort -u | xargs
}

policy '{host: web.example.test, ports: [80], private: true}' \
	'{host: "*.cdn.example.test", ports: [80], private: true}'
agent() {
	start "$1" --network "$2" --dns "$upstream" "${privileges[@]}" "${with_policy[@]}" \
		"$image" sh -c 'echo started; exec sleep infinity'
	await 20 "$1 is fenced" said "$id-$1" started
}
inside() { docker exec "$id-$agent" netpale exec -- "$@" 2>&1; }

# asks SERVER NAME OPTION...: each reply's status, or "none"; one word for UDP and one for TCP. Several
# types: several of both.
asks() {
	# shellcheck disable=SC2016  # the shell inside expands it
	inside sh -c 'name=$1 server=$2 port=$3; shift 3
		for type; do for protocol in +notcp +tcp; do
			dig +tries=1 +time=3 $protocol "$name" "@$server" -p "$port" "$type" |
				sed -n "s/.*status: \([A-Z]*\),.*/\1/p" | grep . || echo none
		done; done' - "$2" "${1%#*}" "${1#*#}" "${@:3}" | xargs
}
never() {
	equals "$agent: $1 does not give another name" "$(yes NXDOMAIN | head -n 12 | xargs)" \
		"$(asks "$2#53" secret.example.test A AAAA TXT ANY HTTPS NULL)"
}

works() {
	local got

	got=$(inside probe {web,a.b.cdn}.example.test:80 {other,cdn}.example.test:80)
	equals "$agent: the allowed names are reached" 2 "$(grep -c ' reached$' <<<"$got" || true)"
	equals "$agent: others do not exist" 2 "$(grep -c ' unknown$' <<<"$got" || true)"
	equals "$agent: whatever server is asked for one" 'NOERROR NOERROR' \
		"$(asks "$elsewhere#53" one.cdn.example.test A)"
}

for agent in user bridge; do
	[ $agent = bridge ] && where=bridge || where=$net
	dns_server $agent "$where"
	elsewhere=$(at web "$where") # where no server is
	agent $agent "$where"
	equals "$agent: nothing was asked at the start" '' "$(heard $agent)"
	resolver=$(inside sed -n 's/^nameserver //p' /etc/resolv.conf)
	equals "$agent: whom the container asks" \
		"$([ $agent = user ] && echo 127.0.0.11 || echo "$upstream")" "$resolver"
	works
	never "the container's resolver" "$resolver"
	never 'its server' "$upstream"
	never 'a server elsewhere' "$elsewhere"
	equals "$agent: nothing else was heard" \
		'a.b.cdn.example.test one.cdn.example.test web.example.test' "$(heard $agent)"
done

# Past the redirect: Docker's resolver at its own ports, which are random. That they answer is seen
# where no fence is.
agent=user
start open --network "$net" --dns "$(at dns-user "$net")" --entrypoint sleep "$image" infinity
port() {
	echo $((16#$(docker exec "$id-$1" \
		sed -n 's/^ *[0-9]*: 0B00007F:\([0-9A-F]*\) 00000000:0000 .*/\1/p' "/proc/net/$2")))
}
for name in secret.example.test web.example.test; do
	equals "Docker's resolver is closed at its own ports: $name" 'none none none none' \
		"$(for table in udp tcp; do asks "127.0.0.11#$(port user $table)" $name A; done | xargs)"
done
equals 'and nothing else was heard' \
	'a.b.cdn.example.test one.cdn.example.test web.example.test' "$(heard user)"
contains 'without netpale it answers there' "$(at web "$net")" \
	"$(docker exec "$id-open" dig +short +time=3 +tries=1 secret.example.test @127.0.0.11 -p "$(port open udp)")"
contains 'and the server has heard of it' secret.example.test "$(heard user)"
