#!/bin/bash
# What this container forwards, for containers of its own, is held to the same policy.
. "${0%/*}/lib.sh"

in_inner() { in_ns inner "$@"; }
from_inner() { in_inner "$PEERS/probe" "$@"; }

setup_ns inner
in_client ip link add bridge type veth peer name eth0 netns inner
for side in 'in_client bridge 1' 'in_inner eth0 2'; do
	read -r where link host <<<"$side"
	$where ip addr add "10.9.0.$host/24" dev "$link"
	$where ip addr add "fd09::$host/64" dev "$link" nodad
	$where ip link set "$link" up
done
in_inner ip route add default via 10.9.0.1
in_inner ip -6 route add default via fd09::1
in_client sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip route add 10.9.0.0/24 via 192.0.2.2
ip -6 route add fd09::/64 via 2001:db8::2
for addr in 198.51.100.10 198.51.100.11 2001:db8:1::10 2001:db8:1::11; do
	start_echo $addr 443
	check "before the fence $addr is reached" from_inner open tcp $addr 443 5000
	check "before the fence $addr answers a datagram" from_inner open udp $addr 443 5000
done
in_inner "$PEERS/echo" 10.9.0.2 3000 &
check 'before the fence the inner one is reached' \
	busywait 5000 "$PEERS/probe" open tcp 10.9.0.2 3000 500

check 'the fence goes up' netpale apply --policy restricted \
	--allow '198.51.100.10:443,[2001:db8:1::10]:443'
for addr in 198.51.100.10 2001:db8:1::10; do
	check "$addr is reached" from_inner open tcp $addr 443 5000
	check "$addr answers a datagram" from_inner open udp $addr 443 5000
done
for addr in 198.51.100.11 2001:db8:1::11; do
	check "$addr is refused at once" from_inner refused tcp $addr 443 50
	check "$addr is refused to datagrams" from_inner unreachable udp $addr 443 50
done
start_dns 198.51.100.53 <<<'198.51.100.10 www.example.com'
check 'the resolver is open here' says <(in_client dig +short www.example.com) '^198'
refute 'but not from there' says <(in_inner dig +tries=1 +timeout=1 +short www.example.com) '^198'
check 'nobody outside reaches the inner one' "$PEERS/probe" refused tcp 10.9.0.2 3000 50
