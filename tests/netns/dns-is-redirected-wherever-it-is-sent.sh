#!/bin/bash
# Behind a guarded fence DNS goes to the forwarder, whoever sends it wherever, TCP and UDP, IPv4
# and IPv6, also to Docker's resolver. Only netpale's marked sockets get to the resolvers, and what
# conntrack remembers of them is worth nothing to others.
. "${0%/*}/lib.sh"

fence() { in_client "$PEERS/fence" "$@"; }
mark=0x6e70616c
marked() { probe "$1" "$2" "$3" "$4" 5000 0 $mark; } # EXPECTED tcp|udp ADDR PORT
in_client_start() { # ADDR PORT: an echo server there; its process in $server
	in_client "$PEERS/echo" "$1" "$2" &
	server=$!
	busywait 5000 in_client "$PEERS/probe" open tcp "$1" "$2" 500
}

# Docker's resolver is known by its address; its port 53 is another one inside.
in_client nft 'table ip docker { chain output { type nat hook output priority -100;
	ip daddr 127.0.0.11 udp dport 53 dnat to 127.0.0.11:40053
	ip daddr 127.0.0.11 tcp dport 53 dnat to 127.0.0.11:40053; }; }'
in_client_start 127.0.0.11 40053
docker=$server
in_client_start 127.0.0.53 53
local=$server
start_echo 198.51.100.53 53
start_echo 198.51.100.53 853
start_echo 203.0.113.10 53
start_echo 2001:db8:1::53 53
check 'before the fence Docker is asked' reaches udp 127.0.0.11 53
printf '%s\n' 'dns guarded' 'resolver 198.51.100.53' 'resolver 2001:db8:1::53' \
	'resolver 127.0.0.11' '203.0.113.11 udp:53' '203.0.113.12 any' |
	fence apply sent

# No forwarder listens: who reaches anything was not redirected.
for protocol in udp tcp; do
	for addr in 198.51.100.53 2001:db8:1::53 127.0.0.11 127.0.0.53; do
		check "netpale reaches $addr, $protocol" marked open $protocol $addr 53
		refute "others do not reach $addr, $protocol" reaches $protocol $addr 53
	done
	check "netpale does not reach what is no resolver, $protocol" \
		marked refused $protocol 203.0.113.10 53
	check "nor another port, $protocol" marked refused $protocol 198.51.100.53 853
	check "Docker's inner port is closed to others, $protocol" \
		refused_fast $protocol 127.0.0.11 40053
	check "but open to netpale, $protocol" marked open $protocol 127.0.0.11 40053
done

# Whoever comes after netpale on its port is led to the forwarder as everybody, where nobody listens
# yet; and netpale to the resolver from a port that the agent used.
port=20000
for addr in 198.51.100.53 127.0.0.11 127.0.0.53; do
	port=$((port + 1))
	check "netpale asks $addr from port $port" probe open udp $addr 53 5000 $port $mark
	check "from that port the agent does not" \
		as_agent "$PEERS/probe" unreachable udp $addr 53 500 $port
	check "nor does root" probe unreachable udp $addr 53 500 $port
	check 'and netpale does again' probe open udp $addr 53 5000 $port $mark
done

in_client_start 127.0.0.1 7753
in_client_start ::1 7753
kill $docker $local
wait $docker $local || :
everywhere='198.51.100.53 203.0.113.10 203.0.113.12 192.0.2.1 192.0.2.2 127.0.0.1 127.0.0.11
	127.0.0.53 2001:db8:1::53 2001:db8:2::99 2001:db8::2 ::1'
for protocol in udp tcp; do
	for addr in $everywhere; do
		check "$addr is answered by the forwarder, $protocol" \
			as_agent "$PEERS/probe" open $protocol "$addr" 53 5000
		check "for root too" reaches $protocol "$addr" 53
	done
	check "DNS over TLS is closed, $protocol" refused_fast $protocol 198.51.100.53 853
	check "the forwarder can be asked directly, $protocol" \
		as_agent "$PEERS/probe" open $protocol 127.0.0.1 7753 5000
	check "and by IPv6, $protocol" as_agent "$PEERS/probe" open $protocol ::1 7753 5000
	refute "nobody outside can, $protocol" "$PEERS/probe" open $protocol 192.0.2.2 7753 200
done
refute 'what an entry opens is not redirected' reaches udp 203.0.113.11 53
check 'but over TCP, which it does not open' reaches tcp 203.0.113.11 53
start_echo 203.0.113.11 53
check 'it is reached where it listens' reaches udp 203.0.113.11 53
many() {
	local left=200
	while ((left-- > 0)); do
		reaches udp 198.51.100.53 53 || return 1
	done
}
check 'two hundred questions, one after the other' many
check 'the fence is as sent' fence verify sent

# Bound to the link, where loopback's addresses must not appear.
cat >bound.py <<'END'
import socket as s
f = s.socket(s.AF_INET, s.SOCK_DGRAM)
f.setsockopt(s.SOL_SOCKET, s.SO_BINDTODEVICE, b'eth0')
f.sendto(b'?', ('203.0.113.13', 53))
END
check 'a socket bound to the link cannot send' \
	says <(in_client python3 bound.py 2>&1) 'Operation not permitted'
# A fence without guard takes the redirect away.
printf '%s\n' 'resolver 198.51.100.53' | fence apply sent
check 'without a guard the resolver is asked' reaches udp 198.51.100.53 53
check 'and nothing of the guard is left' fence verify sent
refute 'the chain is gone' in_client nft list chain inet netpale dns
printf '%s\n' 'mode none' 'dns guarded' | fence apply sent
refute 'in mode none nothing is redirected' in_client nft list chain inet netpale dns
