#!/bin/bash
# A sidecar's guard holds its table, and when it is killed the fence stays, without a moment in which
# anything passes; DNS is closed, what was learned runs out, and the next guard takes the table over. Also
# when it is killed in the middle of its start.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"

start_echo 198.51.100.10 7
start_echo 2001:db8:1::10 7
start_echo 198.51.100.11 7
start_echo 198.51.100.12 7
start udp 198.51.100.53 53 "$PEERS/dns" 198.51.100.53 53
write_policy <<-'END'
	network:
	  dns: guarded
	  allow:
	    - {host: www.example.com, ports: [7], private: true}
	    - 198.51.100.12:7
END

# Whoever asks for the other addresses, as fast as it can, is refused each time.
seek() { # begins: until unseek; what passed is in "passed"
	: >passed
	# Only this shell keeps it: what is started later would keep the seeker alive.
	exec {seeking}> >(in_client "$PEERS/churn" 198.51.100.12 198.51.100.11 7 >passed 2>&1)
	seeker=$!
	busywait 5000 test -s /proc/$seeker/comm || :
}
unseek() {
	exec {seeking}>&-
	wait "$seeker" || { cat passed; return 1; }
}
held() {
	not in_client nft delete table inet netpale &&
		not in_client nft flush table inet netpale &&
		not in_client nft flush chain inet netpale egress &&
		not in_client nft add rule inet netpale egress accept &&
		not in_client nft insert rule inet netpale output accept &&
		not in_client nft add element inet netpale learned4_0 '{ 198.51.100.11 }' &&
		not in_client nft add table inet netpale '{ flags dormant; }' &&
		not in_client "$PEERS/fence" delete &&
		in_client nft flush ruleset && refused_fast tcp 198.51.100.11 7 &&
		reaches tcp 198.51.100.12 7
}
no_dns() { # whatever is asked, and of whomever, nothing arrives
	local asked
	asked=$(wc -l <udp.198.51.100.53.53.log)
	not resolves www.example.com && not probe open udp 198.51.100.53 53 300 &&
		not probe open tcp 198.51.100.53 53 300 && not as_agent dig +tries=1 +timeout=1 +tcp @198.51.100.53 a.test &&
		same "$asked" "$(wc -l <udp.198.51.100.53.53.log)"
}

start_guard -f $POLICY
check 'nobody else changes the table, not with NET_ADMIN' held
check 'another netpale neither' says <(netpale apply --policy full --deny 203.0.113.1 2>&1) \
	'another process owns'
check 'nor another guard' says <(timeout 20 nsenter --net=/run/netns/client -- "$NETPALE" guard -f $POLICY 2>&1) \
	'another process owns'
check 'the first one works' visits www.example.com 7
seek
for round in 1 2 3; do
	stop_guard KILL
	check "killed, $round: the forwarder is gone" busywait 5000 not pgrep -u 64783
	check "killed, $round: no DNS" no_dns
	check "killed, $round: what was learned is open until its time" only_learned 198.51.100.10 2001:db8:1::10
	check "killed, $round: what was never open is not" refused_fast tcp 198.51.100.11 7
	start_guard -f $POLICY {seeking}>&-
	check "killed, $round: the next one holds the table" held
	check "killed, $round: names resolve" visits www.example.com 7
done
check 'not a packet has passed meanwhile, nor was one held up' unseek

# It ends in peace: the same.
stop_guard TERM
check 'ended, the fence stays' refused_fast tcp 198.51.100.11 7
check 'ended, no DNS' no_dns
check 'ended, nothing of it is left' not pgrep -u 64783
in_client nft delete table inet netpale

# Killed anywhere in its start. Until the first fence stands nothing does, but perhaps sets that no rule
# uses: no agent has started then. Where a fence stood one stands.
refuses() {
	not probe open tcp 198.51.100.11 7 300 && not probe open udp 198.51.100.53 53 300 &&
		not probe open tcp 198.51.100.53 53 300
}
stands() { # -> nothing, fence, hole
	if ! says <(in_client nft list table inet netpale 2>&1) chain >/dev/null; then
		echo nothing
	elif refuses >/dev/null; then
		echo fence
	else
		echo hole
	fi
}
start=$(now_ms)
start_guard -f $POLICY
took=$(($(now_ms) - start))
stop_guard KILL
in_client nft delete table inet netpale
declare -A found=([nothing]=0 [fence]=0 [hole]=0 [lost]=0)
before=nothing
for round in {1..30}; do
	(exec nsenter --net=/run/netns/client -- "$NETPALE" guard -f $POLICY 2>/dev/null) &
	guard=$!
	read -rt "0.$(printf %03d $((took * round / 31 % 1000)))" -u "$quiet" || :
	kill -KILL $guard
	wait $guard 2>/dev/null || :
	now=$(stands)
	[ "$before$now" != fencenothing ] || now=lost
	found[$now]=$((found[$now] + 1))
	before=$now
	# Every third time the next one finds what the last one left.
	[ $((round % 3)) = 0 ] || { in_client nft delete table inet netpale 2>/dev/null && before=nothing; } || :
done
echo "30 starts of $took ms: ${found[nothing]} without anything, ${found[fence]} with a fence"
check 'killed in the middle of a start, never a hole' same "${found[hole]} ${found[lost]}" '0 0'
check 'some were killed early' test "${found[nothing]}" -gt 0
check 'some late' test "${found[fence]}" -gt 0
start_guard -f $POLICY
check 'after all that a guard starts as ever' held
