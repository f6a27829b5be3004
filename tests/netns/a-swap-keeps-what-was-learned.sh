#!/bin/bash
# A new fence begins with what was learned before: no connection to it is refused for a moment,
# neither one that is open nor a new one. What may not be begun any more goes on only where it is
# given as lapsed, in this container and in those inside it.
# Runs alone.
. "${0%/*}/lib.sh"

coproc HOLD { in_client "$PEERS/fence" hold 2>hold.log; }
exec {telling}>&"${HOLD[1]}" {hearing}<&"${HOLD[0]}"
tell() { # ANSWER LINE...
	local answer expected=$1
	shift
	printf '%s\n' "$@" >&"$telling"
	read -rt 60 answer <&"$hearing" && same "$expected" "$answer"
}
turn=0
swap() { # LINE...: a fence of them, with a mark of its own
	turn=$((turn + 1))
	tell stands 'dns guarded' 'class any' 'class tcp:7,udp:7' "mark $((turn + 4096))" "$@" .
}
learn() { tell learned "$1"; }

inner_flow() { # NAME ADDR: from a container inside this one
	mkfifo "$1.ask"
	: >"$1.log"
	exec {kept}<>"$1.ask"
	in_ns inner "$PEERS/flow" connect tcp "$2" 7 <"$1.ask" >>"$1.log" 2>&1 {kept}>&- &
}

setup_ns inner
in_client ip link add bridge type veth peer name eth0 netns inner
in_client ip addr add 10.9.0.1/24 dev bridge
in_client ip link set bridge up
in_ns inner ip addr add 10.9.0.2/24 dev eth0
in_ns inner ip link set eth0 up
in_ns inner ip route add default via 10.9.0.1
in_client sysctl -qw net.ipv4.ip_forward=1
ip route add 10.9.0.0/24 via 192.0.2.2
for addr in 198.51.100.10 198.51.100.11 203.0.113.10 2001:db8:1::10; do
	start_echo $addr 7
done
start_echo 198.51.100.10 8

check 'a fence' swap
check 'is learned' learn 'add 198.51.100.10 0 600000'
check 'is learned' learn 'add 198.51.100.11 1 600000'
check 'is learned' learn 'add 2001:db8:1::10 1 600000'
live=('live 198.51.100.10 0 600000' 'live 198.51.100.11 1 600000' 'live 2001:db8:1::10 1 600000')
open_flow tcp tcp 198.51.100.10 7
open_flow udp udp 198.51.100.11 7
open_flow six tcp 2001:db8:1::10 7
open_flow other tcp 198.51.100.10 8
inner_flow inner 198.51.100.11
is_open inner
check 'is learned' learn 'add 203.0.113.11 1 600000'
live+=('live 203.0.113.11 1 600000')
flow far listen tcp 203.0.113.11 7
busywait 5000 listens tcp 203.0.113.11 7
inner_flow near 203.0.113.11
is_open far

undisturbed() { # TIMES
	local i client status=0
	: >churn.log
	exec {clients}> >(in_client "$PEERS/churn" 198.51.100.10 203.0.113.10 7 >>churn.log 2>&1)
	client=$!
	busywait 5000 test -s /proc/$client/comm || :
	for ((i = 0; i < $1; i++)); do
		swap "${live[@]}" || status=1
		learn "refresh 198.51.100.10 0 600000" || status=1
	done
	exec {clients}>&-
	wait $client || status=1
	cat churn.log
	return $status
}
check 'nobody notices twenty swaps' undisturbed 20
for flow in tcp udp six other inner; do
	check "the flow '$flow' lives" lives $flow
done
check 'a swap' swap "${live[@]}"
check 'the far side may speak first, through this container' lives far

check 'a swap, some have lapsed' swap 'live 198.51.100.10 1 600000' 'lapsed 198.51.100.11 1' \
	'lapsed 198.51.100.11 0' 'lapsed 2001:db8:1::10 1' 'lapsed 203.0.113.11 1'
check 'the far side of one may speak first' lives far
check 'and the near side' lives near
for flow in tcp udp six inner; do
	check "the flow '$flow' lives" lives $flow
done
check 'the port that its class has lost is closed' ended other
check 'a lapsed address is closed' refused_fast tcp 198.51.100.11 7
check 'also to datagrams' refused_fast udp 198.51.100.11 7
check 'also by IPv6' refused_fast tcp 2001:db8:1::10 7
check 'also from inside' in_ns inner "$PEERS/probe" refused tcp 198.51.100.11 7 50
check 'the other one is open' reaches tcp 198.51.100.10 7

check 'a swap, what had lapsed is forgotten' swap 'live 198.51.100.10 1 600000'
for flow in udp six inner near; do
	check "the flow '$flow' has ended" ended $flow
done
check 'what is live lives' lives tcp
