#!/bin/bash
# | Record route, timestamps, datagrams in fragments, IPv4 and IPv6 | arrive | refused | chain egress, its end |
# | A routing header (no privilege needed) or a source route, on from an allowed address | arrive there | dropped | chain post |
# | Source routes and extension headers that take NET_RAW | arrive | not sent, and refused to root | the drop; chain egress, its end |
. "${0%/*}/lib.sh"
. "${0%/*}/ways.bash"

# The two allowed addresses are open for everything: what leads on from there is not.
policy <<-END
	allow:
	  - $ALLOWED
	  - 2001:db8:1::10
END
ways 'options, fragments and routing headers' <<-END
	record-route udp 203.0.113.11 2001
	record-route tcp 203.0.113.11 2002
	timestamp udp 203.0.113.11 2003
	fragments udp 203.0.113.11 2004
	fragments udp 2001:db8:2::11 2005 | 2001:db8:2::11: frag
	small-fragments udp 2001:db8:2::12 2006 | 2001:db8:2::12: frag
	segment-route udp 2001:db8:2::11 443 2001:db8:2::13 | 2001:db8:2::13: RT6
	segment-route udp 2001:db8:2::11 443 2001:db8:1::10 | 2001:db8:1::10: RT6.* UDP
	segment-route tcp 2001:db8:2::11 443 2001:db8:1::10 | 2001:db8:1::10: RT6.* tcp
END

CONTROL=unfenced_root
privileged=$(cat <<-END
	loose-route udp 203.0.113.11 2007 203.0.113.12 | 203.0.113.12.2007: UDP
	loose-route udp 203.0.113.11 443 $ALLOWED | $ALLOWED.443: UDP
	loose-route tcp 203.0.113.11 443 $ALLOWED | $ALLOWED.443: tcp
	strict-route udp 203.0.113.11 2008 192.0.2.1 | 192.0.2.1.2008: UDP
	hop-by-hop udp 2001:db8:2::14 2009 | 2001:db8:2::14: HBH
	destination-options udp 2001:db8:2::15 2010 | 2001:db8:2::15: DSTOPT
END
)
ways 'options that take NET_RAW' <<<"$privileged"

# Who has NET_RAW behind the fence: root in a sidecar's network, and a container inside this one.
setup_ns inner
in_client ip link add inner type veth peer name eth0 netns inner
for side in 'client inner 1' 'inner eth0 2'; do
	read -r name link host <<<"$side"
	in_ns "$name" ip addr add "10.9.0.$host/24" dev "$link"
	in_ns "$name" ip addr add "fd09::$host/64" dev "$link" nodad
	in_ns "$name" ip link set "$link" up
done
in_ns inner ip route add default via 10.9.0.1
in_ns inner ip -6 route add default via fd09::1
in_client sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
grep -v strict-route ways.list >ways.through
no_fence
check 'unfenced: a container inside this one sends the same' gets_out in_ns inner "$PEERS/ways" "$WORK/ways.through"
for stance in resolvers pinned none; do
	stance "$stance"
	check "$stance: the fence goes up" in_client "$NETPALE" apply -q -f /run/etc/policy.yml
	check "$stance: nothing leaves of root with NET_RAW" stays_in unfenced_root "$PEERS/ways" "$WORK/ways.list"
	check "$stance: nor of a container inside this one" stays_in in_ns inner "$PEERS/ways" "$WORK/ways.through"
done
