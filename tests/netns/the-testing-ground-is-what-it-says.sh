#!/bin/bash
# Before any fence: what the other scripts take for granted about lib.sh's servers and probes.
. "${0%/*}/lib.sh"

start_dns 198.51.100.53 <<-'END'
	198.51.100.10 www.example.com
	2001:db8:1::10 www.example.com
	198.51.100.11 v4.example.com
END
start_http 198.51.100.10 80
start_http 2001:db8:1::10 8080 'over IPv6'
start_echo 203.0.113.10 7
start_echo 2001:db8:2::10 7

check 'a TCP server is reached over IPv4' reaches tcp 198.51.100.10 80
check 'a TCP server is reached over IPv6, through the on-link router' \
	reaches tcp 2001:db8:1::10 8080
check 'UDP is echoed over IPv4' reaches udp 203.0.113.10 7
check 'UDP is echoed over IPv6' reaches udp 2001:db8:2::10 7
check 'the echo server speaks TCP too' reaches tcp 203.0.113.10 7
check 'HTTP is answered' same 'over IPv6' "$(in_client curl -s 'http://[2001:db8:1::10]:8080/')"
check 'the router was found by neighbour discovery' \
	says <(in_client ip -6 neigh) '^2001:db8::1 dev eth0 lladdr'

check 'a closed UDP port is unreachable' probe unreachable udp 198.51.100.10 9 1000
refute 'a probe of an open port does not find it refused' refused_fast tcp 198.51.100.10 80
in_client nft -f - <<-'END'
	table inet wall {
		chain output { type filter hook output priority 0;
			ip daddr 198.51.100.0/24 reject with tcp reset
			meta l4proto udp reject
			ip6 daddr 2001:db8:1::/48 drop
		}
	}
END
check 'a reset is seen at once' refused_fast tcp 198.51.100.10 80
check 'a rejected datagram is seen at once, IPv4' refused_fast udp 203.0.113.10 7
check 'a rejected datagram is seen at once, IPv6' refused_fast udp 2001:db8:2::10 7
check 'a dropped packet is silence' probe silent tcp 2001:db8:1::10 8080 100
in_client nft delete table inet wall

in_client dig +short www.example.com A www.example.com AAAA v4.example.com AAAA >dug
check 'dnsmasq answers both families of a name' \
	same "$(printf '198.51.100.10\n2001:db8:1::10')" "$(cat dug)"
check 'dnsmasq knows no other name' \
	says <(in_client dig nowhere.example.net) 'status: NXDOMAIN'
check 'what was asked is known' was_asked 198.51.100.53 v4.example.com
refute 'what was not asked is known' was_asked 198.51.100.53 v6.example.com

check 'the namespaces are not the host'\''s' not test -e /proc/sys/net/core/netdev_max_backlog
check 'nor is the client' not in_client test -e /proc/sys/net/core/netdev_max_backlog
check 'the agent has no capability' \
	says <(as_agent cat /proc/self/status) '^CapBnd:.0000000000000000$'
refute '/run is not shared' test -e /run/lock
