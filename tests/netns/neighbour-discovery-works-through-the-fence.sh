#!/bin/bash
# An allowed IPv6 host behind an on-link router is reached although neither side knows the other's
# link address yet; router advertisements still come in.
. "${0%/*}/lib.sh"

forget() { in_client ip -6 neigh flush dev eth0 && ip -6 neigh flush dev wire; }
knows_router() { says <(in_client ip -6 neigh) '^2001:db8::1 dev eth0 lladdr .* (REACHABLE|DELAY)'; }
fresh() { forget && not knows_router; }
has_advertised_route() { says <(in_client ip -6 route) '^default .*via fe80.* proto ra'; }

start_echo 2001:db8:1::10 443
start_echo 2001:db8:1::11 443
in_client nft -f - <<-'END'
	table inet deaf {
		chain output {
			type filter hook output priority 0;
			meta l4proto ipv6-icmp drop
		}
	}
END
check 'no link address is known' fresh
refute 'without neighbour discovery the host is not reached' \
	probe open tcp 2001:db8:1::10 443 500
in_client nft delete table inet deaf

check 'the fence goes up' netpale apply --policy restricted --allow '[2001:db8:1::10]:443'
check 'no link address is known' fresh
check 'the allowed host is reached' reaches tcp 2001:db8:1::10 443
check 'and the router was asked for' knows_router
check 'no link address is known' fresh
check 'the allowed host answers a datagram' reaches udp 2001:db8:1::10 443
check 'another host behind the same router is refused' refused_fast tcp 2001:db8:1::11 443

check 'no link address is known' fresh
refute 'no router has advertised itself' has_advertised_route
in_client sysctl -qw net.ipv6.conf.eth0.accept_ra=2
dnsmasq -k -C /dev/null -p 0 -u root -i wire -F 2001:db8::,ra-only --enable-ra --ra-param=wire,1,60 \
	-l leases --log-facility=- &
check 'a router advertisement comes in' busywait 10000 has_advertised_route
