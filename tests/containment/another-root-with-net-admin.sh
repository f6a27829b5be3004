#!/bin/bash
# | another root with NET_ADMIN in a shared network changes, empties or deletes the table of a guard | - | the kernel refuses it, as long as the guard lives | the table belongs to the guard |
# | the same, where the guard is gone or there was none | - | opens: remains open; `verify` tells | - |
# | the same accepts beside the fence, earlier or later, takes packets out of tracking, or marks them as if they were accepted or netpale's | - | refused all the same | each chain decides for itself; a mark alone opens nothing |
# | the same rewrites what the fence has let pass, or copies it to elsewhere | - | leaves: remains open; `verify` tells | - |
. "${0%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../netns/guard.bash
. "${0%/*}/../netns/guard.bash"

REFUSED=203.0.113.10 SENT=443
start_echo $REFUSED $SENT
start_echo $ALLOWED $SENT
nft -f - <<-END
	table netdev wire { chain seen { type filter hook ingress device wire priority 0; policy accept;
		ip daddr $REFUSED counter
	}; }
END
came() { nft -j list chain netdev wire seen | jq '[.. | .packets? // empty] | add'; }
by_root() { in_client nft "$@"; } # the other one
try() { # to the refused, and to the allowed
	local to protocol
	for to in $REFUSED $ALLOWED; do
		for protocol in tcp udp; do as_agent "$PEERS/probe" open $protocol "$to" $SENT 200; done
	done
}
comes_out() {
	local before
	before=$(came)
	try >tried || :
	[ "$(came)" -gt "$before" ] || { cat tried; return 1; }
}
verify() { in_client setpriv --no-new-privs "$NETPALE" verify; }
policy <<-END
	allow:
	  - $ALLOWED:$SENT
END
check 'unfenced: it comes out' comes_out

stance guarded
start_guard -f $POLICY
held() {
	local change
	while read -r change; do
		# shellcheck disable=SC2086
		not by_root $change 2>/dev/null || { echo "$change"; return 1; }
	done <<-END
		delete table inet netpale
		flush table inet netpale
		flush chain inet netpale egress
		insert rule inet netpale output accept
		add chain inet netpale output { policy accept; }
		add chain inet netpale new { type filter hook output priority -1; }
		add table inet netpale { flags dormant; }
		add element inet netpale ports4 { $REFUSED . udp . $SENT }
		add element inet netpale inbound { udp . $SENT }
	END
	by_root flush ruleset && not comes_out && verify
}
check 'a guard holds its table' held

# In a table of its own.
beside() { # HOLDS|OPENS WORDS CHAIN
	check "$2: the kernel takes it" by_root "table ip another { chain one { $3; }; }"
	if [ "$1" = HOLDS ]; then
		check "$2: refused all the same" not comes_out
	else
		check "$2: comes out" comes_out
		check "$2: verify tells" says <(verify 2>&1) '^table ip another, chain one'
	fi
	by_root delete table ip another
}
beside HOLDS 'accepting earlier' 'type filter hook output priority -300; accept'
beside HOLDS 'accepting later' 'type filter hook output priority 300; accept'
beside HOLDS 'no tracking' 'type filter hook output priority -300; notrack'
marks=$(by_root list chain inet netpale egress | grep -oE 'ct mark set 0x[0-9a-f]+' | sort -u)
beside HOLDS "the mark of flows that are accepted" "type filter hook output priority -1; $marks"
beside HOLDS "netpale's own mark" 'type filter hook output priority -310; meta mark set 0x6e70616c'
beside HOLDS 'another destination, too late for the route' \
	"type nat hook output priority 10; ip daddr $ALLOWED dnat to $REFUSED"
beside OPENS 'another destination afterwards' \
	"type filter hook output priority 100; ip daddr $ALLOWED ip daddr set $REFUSED"
beside OPENS 'a copy to elsewhere' \
	"type filter hook output priority 100; ip daddr $ALLOWED ip daddr set $REFUSED; dup to 192.0.2.1"
check 'nothing is left of that' verify

# Nobody holds it any more, or ever did.
opens() { # COMMAND: of nft; and puts the fence up again
	# shellcheck disable=SC2086
	by_root $1 && comes_out && not verify && in_client "$NETPALE" apply -q -f resolvers.yml &&
		not comes_out && verify
}
stop_guard KILL
stance resolvers
cp $POLICY resolvers.yml
check 'the guard is gone: the fence stands' not comes_out
for change in 'delete table inet netpale' 'flush ruleset' 'insert rule inet netpale output accept' \
	"add element inet netpale ports4 { $REFUSED . udp . $SENT }"; do
	check "nobody holds it: '$change' opens, verify tells, apply closes" opens "$change"
done
