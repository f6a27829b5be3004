#!/bin/bash
# | conntrack filled by more flows to an allowed address than the kernel follows | - | what is refused stays refused, what is allowed open | the kernel forgets flows that had no answer; what it does not know is looked up again |
# | more refused addresses than their set holds | arrive | refused, each one | chain refuse: counting decides nothing |
# | /run/netpale full | - | a policy that opens less is in force all the same | the kernel is asked first |
. "${0%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../netns/guard.bash
. "${0%/*}/../netns/guard.bash"

SINK=203.0.113.19 # takes all and answers nothing
start_echo $ALLOWED 443
start_echo 198.51.100.11 7
start_dns 198.51.100.53 <<<"$ALLOWED www.example.com"
nft -f - <<-END
	table netdev wire { chain seen { type filter hook ingress device wire priority 0; policy accept;
		ip daddr $SINK drop
		ip daddr { 198.51.100.11, 100.64.0.0/16 } counter drop
	}; }
END
came() { nft -j list chain netdev wire seen | jq '[.. | .packets? // empty] | add'; }
write_policy <<-END
	network:
	  dns: guarded
	  allow:
	    - $ALLOWED:443
	    - $SINK
	    - {host: www.example.com, ports: [443], private: true}
END
spread() { as_agent "$PEERS/spread" "$@"; }
flows() { in_client cat /proc/sys/net/netfilter/nf_conntrack_count; }
most=$(in_client cat /proc/sys/net/netfilter/nf_conntrack_max)

check 'unfenced: datagrams to thousands of addresses are taken' same '5000 of 5000' "$(spread 100.64.0.1 5000 1 1)"
check 'unfenced: and arrive' test "$(came)" = 5000

# A full disk from the beginning; what the guard writes there is for others to read.
mkdir -m 755 /run/netpale
mount -t tmpfs -o size=64k,mode=755 tmpfs /run/netpale
head -c 100000 /dev/zero >/run/netpale/filler 2>/dev/null || :
start_guard -f $POLICY
holds() { # WORDS: what is refused is, what is allowed is not
	check "$1: what is refused stays refused" refused_fast tcp 198.51.100.11 7
	check "$1: and datagrams" refused_fast udp 198.51.100.11 7
	check "$1: nothing of it has come over the wire" same 5000 "$(came)"
	check "$1: what is allowed is open" reaches tcp $ALLOWED 443
	check "$1: a name resolves" visits www.example.com 443
	check "$1: the guard lives" alive "$guard"
}
holds 'a full disk'
sed '/www/d' $POLICY | write_policy
check 'a full disk: less is allowed' netpale reload
check 'a full disk: and less is open' not resolves www.example.com
sed "\$a\\    - {host: www.example.com, ports: [443], private: true}" $POLICY | write_policy
check 'a full disk: as before' netpale reload

# 4,096 fit.
check 'no datagram to thousands of addresses is taken' same '0 of 5000' "$(spread 100.64.0.1 5000 1 1)"
in_set() { in_client nft -j list set inet netpale refused4 | jq '[.nftables[] | .set.elem // empty | length] | add'; }
check 'their set is full' same 4096 "$(in_set)"
holds 'a full set'

open_flow kept tcp $ALLOWED 443
if [ "$most" -le 300000 ]; then
	spread $SINK 1 60000 6 >spread.said
	echo "      datagrams taken: $(<spread.said); flows known: $(flows) of $most"
	check 'conntrack is as full as it may be' test "$(flows)" -ge $((most * 9 / 10))
	holds 'conntrack full'
	check 'a flow from before lives' lives kept
	sed '/www/d' $POLICY | write_policy
	check 'conntrack full: less is allowed' netpale reload
	check 'a flow to what still is lives' lives kept
fi
