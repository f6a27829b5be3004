#!/bin/bash
# Where a guard cannot hold its table, because an earlier netpale made it, somebody with NET_ADMIN can take
# it away. The guard notices within a second, of a part with its next answer, puts the same fence up again
# and says so.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"

for addr in 198.51.100.{10..19} 2001:db8:1::10; do start_echo "$addr" 7; done
start udp 198.51.100.53 53 "$PEERS/dns" 198.51.100.53 53 quiet \
	a=198.51.100.10,198.51.100.13,198.51.100.14,198.51.100.15,198.51.100.16,198.51.100.17
write_policy <<-'END'
	network:
	  dns: guarded
	  allow:
	    - {host: "*.example.com", ports: [7], private: true}
	    - 198.51.100.12:7
END
check 'an earlier fence' netpale apply --policy restricted --allow 198.51.100.12
start_guard -f $POLICY
check 'a name' visits a.example.com 7
first=$(learned | head -n 1)
is_fence() {
	reaches tcp "$first" 7 && reaches tcp 2001:db8:1::10 7 && reaches tcp 198.51.100.12 7 &&
		refused_fast tcp 198.51.100.11 7 && refused_fast tcp 198.51.100.10 8 &&
		in_client nft list chain inet netpale output
}
check 'stands' is_fence

for how in 'delete table inet netpale' 'flush ruleset'; do
	# shellcheck disable=SC2086
	check "$how: the table is nobody's" in_client nft $how
	check "$how: the guard puts it up again" busywait 5000 is_fence
	check "$how: which it says" says guard.said 'warning: the fence was taken away; it stands again'
	check "$how: names resolve" visits c.example.com 7
	check "$how: from now on it is held" not in_client nft delete table inet netpale
	stop_guard TERM
	in_client nft delete table inet netpale
	netpale apply --policy restricted --allow 198.51.100.12
	start_guard -f $POLICY
	check "$how: an earlier fence again" visits a.example.com 7
	first=$(learned | head -n 1)
done

# A set that is missing, not the table.
without_set() { # as commands of nft: it, and the rules that use it
	local chain
	for chain in forward egress; do
		in_client nft -a list chain inet netpale $chain |
			sed -n "/@$1 /s/.*# handle/delete rule inet netpale $chain handle/p"
	done
	echo "delete set inet netpale $1"
}
check 'a set is taken away' in_client nft -f <(without_set learned4_0)
resolves b.example.com || : # with a new address; this may be the one to fail
check 'the next answer puts it up' busywait 10000 is_fence
check 'it was said' says guard.said 'learned addresses stay closed'
