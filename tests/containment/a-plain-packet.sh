#!/bin/bash
# | TCP, UDP and ping to any address, IPv4 and IPv6 | arrive | refused | chain egress, its end |
. "${0%/*}/lib.sh"

start_echo 203.0.113.10 7
start_echo 2001:db8:2::10 7
echo '0 2147483647' | in_client tee /proc/sys/net/ipv4/ping_group_range >/dev/null
for addr in 203.0.113.10 2001:db8:2::10 192.0.2.1 2001:db8::1; do
	way "TCP to $addr" "$PEERS/probe" open tcp $addr 7 500
	way "UDP to $addr" "$PEERS/probe" open udp $addr 7 500
	way "ping to $addr" ping -n -c 1 -W 1 $addr
done
