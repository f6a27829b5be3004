#!/bin/bash
# The container's host (its gateway) is reached only where host_gateway says so, in every mode: a
# network that contains it does not open it, an entry for just that address does.
. "${0%/*}/lib.sh"

gateways='192.0.2.1 2001:db8::1'
fence() { echo "network: { $1 }" >policy.yml && netpale apply -f policy.yml; }
for gateway in $gateways; do
	start_echo "$gateway" 3000
	start_echo "$gateway" 11434
	start_echo "$gateway" 22
	check "before the fence $gateway is reached" reaches tcp "$gateway" 3000
done
start_echo 198.51.100.10 3000

around='allow: [192.0.2.0/24, "2001:db8::/64"]'
check 'restricted, the whole subnet listed' fence "$around"
for gateway in $gateways; do
	check "$gateway is refused" refused_fast tcp "$gateway" 3000
	check "$gateway is refused to datagrams" refused_fast udp "$gateway" 3000
done

check 'host_gateway: [3000, 11434/tcp]' fence "$around, host_gateway: [3000, 11434/tcp]"
for gateway in $gateways; do
	check "$gateway port 3000 is reached" reaches tcp "$gateway" 3000
	check "$gateway port 3000 answers a datagram" reaches udp "$gateway" 3000
	check "$gateway port 11434 is reached" reaches tcp "$gateway" 11434
	check "$gateway port 11434/udp is refused" refused_fast udp "$gateway" 11434
	check "$gateway port 22 is refused" refused_fast tcp "$gateway" 22
done

check 'host_gateway: true' fence 'policy: restricted, host_gateway: true'
for gateway in $gateways; do
	check "$gateway is reached on any port" reaches udp "$gateway" 11434
done
check 'and nothing beyond it' refused_fast tcp 198.51.100.10 3000

check 'an entry for just that address' fence 'allow: ["192.0.2.1:3000"]'
check 'opens it' reaches tcp 192.0.2.1 3000
check 'with its port only' refused_fast tcp 192.0.2.1 11434
check 'and not its IPv6 address' refused_fast tcp 2001:db8::1 3000

check 'full with host_gateway: false' fence 'policy: full, host_gateway: false'
for gateway in $gateways; do
	check "$gateway is refused" refused_fast tcp "$gateway" 3000
done
check 'and nothing else is' reaches tcp 198.51.100.10 3000

check 'full with ports of host_gateway' fence 'policy: full, host_gateway: [3000]'
for gateway in $gateways; do
	check "$gateway port 3000 is reached" reaches tcp "$gateway" 3000
	check "$gateway port 22 is refused" refused_fast tcp "$gateway" 22
done
in_client nft delete table inet netpale
refute 'which is a fence, and takes what a fence takes' as_agent "$NETPALE" apply -f policy.yml
check 'also the first one' fence 'policy: full, host_gateway: [3000]'

check 'full' fence 'policy: full'
check 'leaves the gateway open' reaches tcp 192.0.2.1 3000
