#!/bin/bash
# | what neither of two policies allows, while one takes the other's place again and again, by file, signal and verb at once | arrives | not one packet; one of the two is in force, whole | one transaction and sets of its own for each fence; a file that changes while it is read is not taken |
. "${0%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../netns/guard.bash
. "${0%/*}/../netns/guard.bash"

start_dns 198.51.100.53 <<-'END'
	198.51.100.10 a.example.com
	198.51.100.11 b.example.com
END
# A port of one is another's address's: a rule of one fence that looked into a set of the other would
# open what is sent to below.
two_policies() { # [PADDING]
	cat >one <<-END
		network:
		  dns: guarded
		  allow:
		    - 198.51.100.12:7
		    - {host: a.example.com, ports: [7], private: true}
		    - {host: b.example.com, ports: [8], private: true}$1
		    - 198.51.100.13:8
	END
	cat >other <<-END
		network:
		  dns: guarded
		  allow:
		    - 198.51.100.12:8
		    - {host: a.example.com, ports: [8], private: true}
		    - {host: b.example.com, ports: [9], private: true}$1
		    - 198.51.100.13:9
	END
}
NEITHER=(198.51.100.10 9 198.51.100.11 7 198.51.100.12 9 198.51.100.13 7)
nft -f - <<-END
	table netdev wire { chain seen { type filter hook ingress device wire priority 0; policy accept;
		ip daddr . th dport { $(printf '%s . %s, ' "${NEITHER[@]}") } counter drop
	}; }
END
came() { nft -j list chain netdev wire seen | jq '[.. | .packets? // empty] | add'; }
comes() { [ "$(came)" -gt 1000 ]; }

for_a_while() { # COMMAND...
	local end=$(($(now_ms) + 4000))
	while [ "$(now_ms)" -lt $end ]; do "$@" >/dev/null 2>&1 || :; done
}
rewrite() { write_policy <one && write_policy <other; }
all_at_once() {
	local pids=() pid before
	before=$(status_of reloads.tried)
	for_a_while rewrite & pids+=($!)
	for_a_while netpale reload & pids+=($!)
	for_a_while in_client "$NETPALE" reload & pids+=($!)
	for_a_while kill -HUP "$guard" & pids+=($!)
	for_a_while in_client "$NETPALE" exec -- true & pids+=($!)
	for_a_while in_client "$NETPALE" apply -q --policy restricted --allow "${NEITHER[0]}" & pids+=($!)
	for pid in "${pids[@]}"; do wait "$pid"; done

	[ $(($(status_of reloads.tried) - before)) -ge 5 ]
}
in_force() { # one or other, whole
	local held
	held=$(in_client nft -n list table inet netpale |
		grep -oE '198\.51\.100\.1[23] \. (tcp|6) \. [0-9]+' | sed 's/ \. [a-z0-9]* \. /:/' | sort -u | tr '\n' ' ')
	case $held in
	'198.51.100.12:7 198.51.100.13:8 ' | '198.51.100.12:8 198.51.100.13:9 ') ;;
	*) echo "neither: $held"; return 1 ;;
	esac
}

exec {sender}> >(as_agent "$PEERS/insist" 250 "${NEITHER[@]}" >sent)
insisting=$!
check 'unfenced: they get through' busywait 5000 comes
two_policies ''
write_policy <one
start_guard -f $POLICY {sender}>&-
came=$(came)
for name in a b; do check "$name is learned" resolves $name.example.com; done
check 'the policy is rewritten and reloaded all the time' all_at_once
check 'one of the two is in force' in_force
exec {sender}>&-
wait $insisting
echo "      tries, and datagrams that the kernel took: $(<sent); over the wire before the fence: $came"
check 'what neither allows was refused at every moment' same "$came" "$(came)"
check 'the fence is what it says' in_client setpriv --no-new-privs "$NETPALE" verify

# Written in place, so large that reading takes a while.
two_policies "$(head -c 3000000 /dev/zero | tr '\0' 'x' | fold -w 1000 | sed 's/^/# /; 1s/^/\n/')"
in_place() { cat one 1<>$POLICY && cat other 1<>$POLICY; nap; }
cat one >$POLICY
for_a_while in_place &
writer=$!
taken=0 refused=0
while kill -0 $writer 2>/dev/null; do
	if in_client "$NETPALE" reload >/dev/null 2>&1; then taken=$((taken + 1)); else refused=$((refused + 1)); fi
	in_force >mixture || break
done
wait $writer || :
echo "      reloads: $taken taken, $refused not"
check 'read while it is written, it is never half of each' in_force
check 'some were read' test $taken -gt 0
