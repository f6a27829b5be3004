#!/bin/bash
# | sending without a pause, as the agent and as another root, while a fence goes up, is replaced or reloaded, loses its guard | arrives until the first fence stands | not one of some hundred thousand packets | one transaction for each change; a table that stays |
. "${0%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../netns/guard.bash
. "${0%/*}/../netns/guard.bash"

start udp 198.51.100.53 53 "$PEERS/dns" 198.51.100.53 53 quiet
start_echo $ALLOWED 443
start_echo 2001:db8:1::10 443
# All that comes over the wire to whom no policy here allows is counted, and goes no further.
REFUSED=(203.0.113.10 2001:db8:2::10)
nft -f - <<-END
	table netdev wire { chain seen { type filter hook ingress device wire priority 0; policy accept;
		ip daddr ${REFUSED[0]} counter drop
		ip6 daddr ${REFUSED[1]} counter drop
	}; }
END
came() { nft -j list chain netdev wire seen | jq '[.. | .packets? // empty] | add'; }

policy_of() { # STANCE WHAT: none, few, many or wrong
	[ "$2" != none ] || { echo "network: { policy: none, dns: $1 }"; return; }
	printf 'network:\n  dns: %s\n  allow:\n    - %s:443\n' "$1" $ALLOWED
	[ "$1" != guarded ] || echo '    - { host: www.example.com, ports: [443], private: true }'
	[ "$2" != wrong ] || echo '    - 203.0.113.300'
	[ "$2" != many ] || printf '    - %s.0/25:443\n' 100.{64..79}.{0..59}
}
for stance in resolvers pinned guarded; do
	for what in few many none wrong; do policy_of $stance $what >$stance.$what; done
done
write() { cp "$1" $POLICY.new && mv $POLICY.new $POLICY; } # FILE
apply() { in_client "$NETPALE" apply -q -f "$1"; }
fenced_by() { write "$1" && in_client "$NETPALE" run -q -f $POLICY -- true; }

# Two senders: the agent's uid, and a root who was there before netpale.
begin() { # PORT...
	local args=() addr port
	for addr in "${REFUSED[@]}"; do
		for port in "$@"; do args+=("$addr" "$port"); done
	done
	: >sent
	exec {senders}> >(in_client "$PEERS/insist" 250 "${args[@]}" >>sent)
	root=$!
	exec {agents}> >(as_agent "$PEERS/insist" 250 "${args[@]}" >>sent {senders}>&-)
	agent=$!
}
end() {
	exec {senders}>&- {agents}>&-
	wait "$root" "$agent"
	echo "      tries, and datagrams that the kernel took: $(tr '\n' ' ' <sent); over the wire: $seal"
}
comes() { [ "$(came)" -gt 1000 ]; }
sealed() { seal=$(came); } # what has come up to now is all that may
nothing_more() { same "$seal" "$(came)" && kill -0 "$root" "$agent"; }

applied() {
	local stance
	for _ in 1 2; do
		for stance in resolvers pinned; do
			apply $stance.few && apply $stance.many && apply $stance.none &&
				not apply $stance.wrong || return 1
		done
	done
}
started_again() {
	local stance
	for stance in resolvers pinned guarded; do
		fenced_by $stance.few && fenced_by $stance.many || return 1
	done
}
reloaded() {
	local what
	for _ in 1 2 3; do
		for what in many none few; do
			write guarded.$what && netpale reload || return 1
		done
		write guarded.wrong && not netpale reload && kill -HUP "$guard" || return 1
	done
	write guarded.few && netpale reload
}
killed() {
	for _ in 1 2 3; do
		stop_guard KILL && start_guard -f $POLICY {senders}>&- {agents}>&- && visits www.example.com 443 &&
			kill -KILL "$(forwarder)" || return 1
	done
	serves
}
others_try() {
	in_client nft flush ruleset && not in_client nft delete table inet netpale && not apply resolvers.few
}

begin 9 53
check 'unfenced: they get through' busywait 5000 comes
check 'a fence goes up' apply resolvers.few
sealed
check 'others take its place' applied
check 'which lets nothing through' nothing_more
check 'a container starts again behind it' started_again
check 'which lets nothing through' nothing_more
end

in_client nft delete table inet netpale
begin 9
check 'unfenced: they get through again' busywait 5000 comes
write guarded.few
start_guard -f $POLICY {senders}>&- {agents}>&-
sealed
check 'a guard learns' visits www.example.com 443
check 'it reloads' reloaded
check 'which lets nothing through' nothing_more
check 'it is killed, and its forwarder' killed
check 'which lets nothing through' nothing_more
check 'others would take the fence down' others_try
check 'which lets nothing through' nothing_more
stop_guard TERM
check 'nor does its end' nothing_more
end
