#!/bin/bash
# A forwarder that breaks the contract, or does nothing, is ended and another one started; nothing opens
# meanwhile, and the agent lives. One that does so from the start keeps the agent from starting.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"

for addr in 198.51.100.10 2001:db8:1::10; do start_echo $addr 7; done
start udp 198.51.100.53 53 "$PEERS/dns" 198.51.100.53 53 quiet
echo 'network: { dns: guarded, allow: [ { host: open.example.com, ports: [7], private: true } ] }' |
	write_policy
NETPALE=$PEERS/hostile

fails_closed() { # MANNER
	local status=0
	echo "$1" >manner
	netpale run -f $POLICY -- touch ran || status=$?
	same "$status" 125 && not test -e ran && refused_fast tcp 198.51.100.10 7 &&
		busywait 2000 not pgrep -u 64783
}
for manner in leave never-ready; do
	check "$manner from the start: no agent, no hole" fails_closed $manner
done
rm manner

for manner in leave random verdict too-short too-long descriptor deaf never-ready; do
	hostile $manner
	check "$manner: it is ended and another one started" busywait 20000 restarted 2
	check "$manner: nothing is open" only_learned
	check "$manner: nothing at all" refused_fast tcp 198.51.100.10 7
	[ "$manner" != too-short ] || check "$manner: why is said" says guard.said 'warning: .* LEARN: '
	[ "$manner" != verdict ] || check "$manner: why is said" says guard.said 'what only the guard says'
	rm manner
	check "$manner: a good one serves again" busywait 15000 visits open.example.com 7
	echo >manner
	no_harm_by $manner
done

