#!/bin/bash
# | Routes, addresses, links, neighbours, rules, tunnels by netlink | done as root | not permitted | the drop of capabilities |
# | A network namespace of one's own, a device in it with its other end in ours, a tun device | made | no end in ours | the kernel |
# | A second interface, SO_BINDTODEVICE to it | arrive there | refused | chain egress, its end: it knows no interface |
. "${0%/*}/lib.sh"
. "${0%/*}/ways.bash"

# What is on each line is no way out by itself; it would be one to make any.
cat >changes <<-'END'
	ip route add 203.0.113.77/32 via 192.0.2.1
	ip -6 route add 2001:db8:2::77/128 via 2001:db8::1
	ip addr add 192.0.2.77/24 dev eth0
	ip link add other type veth peer name other2
	ip link add bridge7 type bridge
	ip link add vlan7 link eth0 type macvlan
	ip link add vx7 type vxlan id 7 dstport 4789 remote 203.0.113.11
	ip tuntap add tun7 mode tun
	ip neigh add 192.0.2.78 lladdr 02:00:00:00:00:78 dev eth0
	ip rule add from 192.0.2.77 table 7
	ip route flush cache
	ip link set eth0 promisc on
	nft add table inet other
END
setup_ns play
ip link add play7 type veth peer name eth0 netns play
in_ns play ip addr add 192.0.2.9/24 dev eth0
in_ns play ip addr add 2001:db8::9/64 dev eth0 nodad
in_ns play ip link set eth0 up
ip link set play7 up
mkdir -p /dev/net
[ -e /dev/net/tun ] || mknod -m 666 /dev/net/tun c 10 200
# shellcheck disable=SC2016 # the shell inside expands it
each='while read -r change; do $change && echo "done: $change" || echo "failed: $change"; done <"$1"'
in_ns play "$BASH" -c "$each" bash "$WORK/changes" >log 2>&1
while read -r change; do
	check "as root: $change" says log "^done: $change"
done < <(grep -v 'route flush cache' changes)

network() {
	in_client ip -d link show
	in_client ip addr show
	in_client ip route show table all
	in_client ip -6 route show table all
	in_client ip rule show
	in_client ip neigh show nud permanent
}
steady() { network | grep -vE 'valid_lft|expires'; }
for stance in "${STANCES[@]}"; do
	stance "$stance"
	before=$(steady)
	fenced "$BASH" -c "$each" bash "$WORK/changes" >log 2>&1 || :
	check "$stance: the agent tried" says log '^failed: ip route add'
	check "$stance: and could do none of it" not grep -E '^done: ' log
	# Root there, but of its own namespaces.
	fenced unshare --user --map-root-user --net "$BASH" -c 'ip link set lo up && echo inside
		ip link add in7 type veth peer name out7 netns 1 && echo out
		ip link add link eth0 name m7 link-netnsid 0 type macvlan && echo out
		ip tuntap add tun8 mode tun && ip link set tun8 netns 1 && echo out' >log 2>&1 || :
	check "$stance: a network of its own it has" says log '^inside'
	check "$stance: but no way from there" not grep -E '^out' log
	check "$stance: the network is what it was" same "$before" "$(steady)"
	no_fence
done

# Docker may connect a network at any time.
ip link add wire2 type veth peer name eth1 netns client
ip addr add 192.168.7.1/24 dev wire2
ip link set wire2 up
in_client ip addr add 192.168.7.2/24 dev eth1
in_client ip link set eth1 up
# What it sees has to come by `wire`, where somebody listens.
tcpdump -i wire2 -Q in -nn -q -l -s 256 --immediate-mode ip >wire2.log 2>tcpdump2.log &
busywait 5000 says tcpdump2.log 'listening on'
cat >second <<-END
	plain udp 192.168.7.1 3001
	plain tcp 192.168.7.1 3002
	bound-to-device udp 192.168.7.1 3003 eth1
	bound-to-device udp $ALLOWED 444 eth1
	unicast-if udp 203.0.113.11 3004 eth1
END
second() { says wire2.log ' > 192\.168\.7\.1\.300[123]: '; }
no_fence
unfenced "$PEERS/ways" "$WORK/second" >/dev/null
check 'unfenced: packets reach a second network' busywait 5000 second
: >wire2.log
for stance in "${STANCES[@]}"; do
	stance "$stance"
	check "$stance: nothing else leaves" stays_in fenced "$PEERS/ways" "$WORK/second"
	check "$stance: and nothing by the second" same "$(cat wire2.log)" ''
done
