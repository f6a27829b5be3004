#!/bin/bash
# | Ping sockets with a payload, RFC 8335's probes, options in both, to whoever is not open for all | arrive | refused | chain egress, its end |
# | Ping sockets to an address allowed without ports | arrive | arrive: open means every protocol | nothing, by design |
. "${0%/*}/lib.sh"
. "${0%/*}/ways.bash"

echo '0 2147483647' | in_client tee /proc/sys/net/ipv4/ping_group_range >/dev/null
ways 'pings' <<-END
	ping - 203.0.113.11 0 | 203.0.113.11: ICMP echo request
	ping - 2001:db8:2::11 0 | 2001:db8:2::11: ICMP6, echo request
	ping-with-options - 203.0.113.12 0 | 203.0.113.12: ICMP echo request
	probe - 203.0.113.13 0 | 203.0.113.13: ICMP
	probe - 2001:db8:2::13 0 | 2001:db8:2::13: ICMP6
	ping - 192.0.2.1 0 | 192.0.2.1: ICMP echo request
	ping - $ALLOWED 0 | $ALLOWED: ICMP echo request
	ping - 224.0.0.1 0 | 224.0.0.1: ICMP echo request
	ping - ff02::1%eth0 0 | ff02::1: ICMP6, echo request
END

# What the table says of those who are open for everything: told, not hidden.
policy <<-END
	allow:
	  - $ALLOWED
	  - 203.0.113.10:443
END
echo "ping - $ALLOWED 0" >ways.list
for stance in resolvers pinned guarded; do
	stance "$stance"
	check "$stance: an address allowed without ports answers a ping" gets_out fenced "$PEERS/ways" "$WORK/ways.list"
done
stance none
check 'none: it does not' stays_in fenced "$PEERS/ways" "$WORK/ways.list"
