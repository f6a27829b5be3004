#!/bin/bash
# A flow opened before the first apply to a host that the policy refuses does not live on through
# the fence: TCP and UDP, whichever end speaks first, whether or not conntrack knew it already, and
# also where inbound is open.
. "${0%/*}/lib.sh"

port=7000
# Each flow has a port of its own, so that nothing is left of an earlier one.
open_flows() { # WORDS PROTOCOL
	port=$((port + 1))
	start_echo 203.0.113.10 $port
	open_flow "echoed.$2" "$2" 203.0.113.10 $port
	flow "pushing.$2" listen "$2" 203.0.113.11 $port
	busywait 5000 listens "$2" 203.0.113.11 $port
	open_flow "pushed.$2" "$2" 203.0.113.11 $port
	is_open "pushing.$2"
	check "$1: a $2 flow lives" lives "echoed.$2"
	check "$1: a $2 flow lives, the server speaking" lives "pushing.$2"
}
have_ended() { # WORDS PROTOCOL
	check "$1: pushed by the server, the $2 flow has ended" ended "pushing.$2"
	check "$1: and the client cannot use it" ended "pushed.$2"
	check "$1: the $2 flow has ended" ended "echoed.$2"
}
round() { # WORDS PROTOCOLS: under policy.yml
	local protocol
	for protocol in $2; do
		open_flows "$1" "$protocol"
	done
	check "$1: the fence goes up" netpale apply -f policy.yml
	for protocol in $2; do
		have_ended "$1" "$protocol"
		rm "echoed.$protocol.ask" "pushing.$protocol.ask" "pushed.$protocol.ask"
	done
	in_client nft delete table inet netpale
}
track() { # conntrack active before the fence
	in_client nft 'table inet tracker { chain input { type filter hook input priority 0;
		ct state established,new counter; }; chain output { type filter hook output priority 0;
		ct state established,new counter; }; }'
}

start_echo 198.51.100.10 7
echo 'network: { allow: [198.51.100.10] }' >policy.yml
round 'conntrack asleep' 'tcp udp'
# A datagram from outside begins a flow of its own there, so TCP alone.
echo 'network: { allow: [198.51.100.10], inbound: allow }' >policy.yml
round 'conntrack asleep, inbound open' tcp
track
round 'conntrack active, inbound open' tcp
echo 'network: { allow: [198.51.100.10] }' >policy.yml
round 'conntrack active' 'tcp udp'
check 'what is allowed is reached' reaches tcp 198.51.100.10 7
