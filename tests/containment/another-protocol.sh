#!/bin/bash
# | Raw packets of every IP protocol (SCTP, DCCP, UDP-Lite, GRE, IPIP, ESP and 247 others) | arrive as root's | not sent: no NET_RAW; root's are refused | the drop of capabilities; chain egress, its end |
# | The same to an address allowed on one port, with that port where a transport has it | arrive as root's | TCP and UDP only | sets ports4 and ports6 |
. "${0%/*}/lib.sh"

nft -f - <<-'END'
	table netdev protocols {
		set seen4 { type ipv4_addr . inet_proto; flags dynamic; size 4096; }
		set seen6 { type ipv6_addr . inet_proto; flags dynamic; size 4096; }
		chain ingress {
			type filter hook ingress device wire priority 0
			add @seen4 { ip daddr . ip protocol }
			add @seen6 { ip6 daddr . ip6 nexthdr }
		}
	}
END
# Which protocols have come to an address since the last time.
protocols() { # ADDR
	local family=4
	case $1 in *:*) family=6 ;; esac
	nft -nn list set netdev protocols seen$family | grep -oE "$1 \. [0-9]+" | sed 's/.* //' | sort -nu
	nft flush set netdev protocols seen$family
}
come_to() { # ADDR COMMAND...: which of its packets
	local addr=$1
	shift
	protocols "$addr" >/dev/null
	"$@" >attempt.log 2>&1 || :
	protocols "$addr"
}
almost_all() { # ADDR COMMAND...
	local count
	count=$(come_to "$@" | wc -l)
	echo "$count came; $(cat attempt.log)"
	[ "$count" -ge 240 ]
}
none_but() { # PROTOCOLS ADDR COMMAND...
	same "$1" "$(come_to "${@:2}" | xargs)"
}

policy <<-END
	allow:
	  - $ALLOWED:443
	  - "[2001:db8:1::10]:443"
END
REFUSED=(203.0.113.11 2001:db8:2::11) OPEN=("$ALLOWED" 2001:db8:1::10)
for addr in "${REFUSED[@]}" "${OPEN[@]}"; do
	check "unfenced: root's packets of nearly all protocols come to $addr" \
		almost_all "$addr" unfenced_root "$PEERS/protocols" "$addr" 443
done
for stance in "${STANCES[@]}"; do
	stance "$stance"
	for addr in "${REFUSED[@]}" "${OPEN[@]}"; do
		check "$stance: nothing raw of the agent's comes to $addr" \
			none_but '' "$addr" fenced "$PEERS/protocols" "$addr" 443
	done
	check "$stance: because it may not" says attempt.log '^0 sent; Operation not permitted'
	no_fence
done
for stance in resolvers pinned; do
	stance "$stance"
	in_client "$NETPALE" apply -q -f /run/etc/policy.yml
	for addr in "${REFUSED[@]}"; do
		check "$stance: nor of root's to $addr" \
			none_but '' "$addr" unfenced_root "$PEERS/protocols" "$addr" 443
	done
	for addr in "${OPEN[@]}"; do
		check "$stance: of root's to the open port of $addr TCP and UDP" \
			none_but '6 17' "$addr" unfenced_root "$PEERS/protocols" "$addr" 443
	done
done
