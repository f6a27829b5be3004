#!/bin/bash
# Slow, dead, silent, lying: the deadline holds, and what is said names the name.
. "${0%/*}/lib.sh"

start_http 198.51.100.10 80
dns() { # ADDR MANNER...
	start udp "$1" 53 "$PEERS/dns" "$1" 53 "${@:2}"
}
dns 198.51.100.53                  # honest to all names but those of its table
dns 203.0.113.53 silent
dns 198.51.100.12 delay=200
dns 198.51.100.13 delay=5000
dns 2001:db8:1::53
servers() { # ADDR...
	printf 'nameserver %s\n' "$@" >resolv.conf
}
policy() { # NAME...
	printf 'network: {allow: [' >policy.yml
	printf '{host: %s.example.com, private: true},' "$@" >>policy.yml
	echo ']}' >>policy.yml
}
apply() { netpale apply -f policy.yml --resolve-timeout "$@"; }
open() { reaches tcp 198.51.100.10 80; }

policy www
servers 198.51.100.53
check 'a good server is no reason to wait' within 900 apply 5
check 'and its name is open' open

servers 198.51.100.12
check 'a slow server is waited for' within 900 apply 5
check 'and its name is open' open

for server in 203.0.113.53 198.51.100.13 198.51.100.99 203.0.113.11; do
	servers "$server" # says nothing, says it too late, is not there, refuses
	check "the deadline of one second holds against $server" within 1900 apply 1
	check 'what is said names the name' says said 'www\.example\.com: timed out'
	check 'it stays closed' refused_fast tcp 198.51.100.10 80
done

servers 203.0.113.53 198.51.100.53
check 'a second server makes up for a silent first' within 2900 apply 5
check 'and its name is open' open
servers 203.0.113.11 198.51.100.99 2001:db8:1::53
check 'a third one, over IPv6, for two that are dead' within 4900 apply 5
check 'and its name is open' open

servers 198.51.100.53
bad=(wrong-id wrong-question garbage cut silent loop unrelated halfway)
policy www "${bad[@]}"
check 'the deadline holds against lies' within 2900 apply 2
for name in "${bad[@]}"; do
	check "what is said names $name" \
		says said "$name\\.example\\.com: (timed out|SERVFAIL|no address)"
done
check 'one lie closes no other name' open
check 'an address of another name in the answer opens nothing' refused_fast tcp 203.0.113.66 80

policy mixed
check 'a true answer beside an unrelated one' apply 2
check 'is taken' open
check 'alone' refused_fast tcp 203.0.113.66 80
policy truncated many
check 'what is too long for a datagram' apply 5
check 'is asked again by TCP' says udp.198.51.100.53.53.log '^A truncated\.example\.com tcp'
check 'and is open' open
check 'whole' says <(in_client nft list ruleset) '198\.18\.(0\.0-198\.18\.2\.87|0\.0/23)'
