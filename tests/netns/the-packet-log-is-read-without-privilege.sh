#!/bin/bash
# Whoever has bound the group of the packet log reads it without any privilege: each refused packet
# with its addresses, ports and uid. One process may; what its socket has no room for it counts.
. "${0%/*}/lib.sh"

start_reader() { # NAME [UID]
	mkfifo "$1.stop"
	(exec nsenter --net=/run/netns/client -- "$PEERS/packets" "${@:2}" <"$1.stop" >"$1.log" 2>&1) &
	exec {stop}>"$1.stop"
	busywait 5000 says "$1.log" .
}
logged() { busywait 2000 says reader.log "$1" || { tail reader.log; return 1; }; } # PATTERN

start_echo 198.51.100.10 80
start_echo 2001:db8:1::10 80
start_echo 198.51.100.11 80
netpale apply --allow 198.51.100.11
check 'the log can be bound' start_reader reader 4321
check 'the reader has no privilege' says "/proc/$!/status" '^CapEff:[[:space:]]*0+$'
check 'and another uid' says "/proc/$!/status" '^Uid:[[:space:]]*4321'

check 'a connect is refused' refused_fast tcp 198.51.100.10 80
check 'and logged' logged '^out 192\.0\.2\.2 198\.51\.100\.10 6 ports [0-9]+ 80 uid 0$'
as_agent "$PEERS/probe" refused tcp 2001:db8:1::10 80 1000 >/dev/null || :
check 'IPv6, with the uid of who tried' \
	logged '^out 2001:db8::2 2001:db8:1::10 6 ports [0-9]+ 80 uid 1000$'
in_client "$PEERS/probe" refused udp 198.51.100.10 80 1000 >/dev/null || :
check 'a datagram' logged '^out 192\.0\.2\.2 198\.51\.100\.10 17 ports [0-9]+ 80 uid 0 carries'
in_client ping -c 1 -W 1 198.51.100.10 >/dev/null || :
check 'a ping, which has no ports' logged '^out 192\.0\.2\.2 198\.51\.100\.10 1( uid 0)?$'
"$PEERS/probe" refused tcp 192.0.2.2 3000 1000 >/dev/null || :
check 'what comes in' logged '^in 192\.0\.2\.1 192\.0\.2\.2 6 ports [0-9]+ 3000$'

refute 'a second reader gets nothing' in_client "$PEERS/packets" </dev/null
check 'and is told why' says <(in_client "$PEERS/packets" </dev/null) '^1 .* somebody else reads it'
refute 'nor does somebody without NET_ADMIN' as_agent "$PEERS/packets" </dev/null
starts_all_the_same() {
	in_client unshare --pid --fork --mount-proc -- \
		"$NETPALE" run -v --allow 198.51.100.11 -- touch ran 2>said && test -e ran
}
check 'netpale does without, and starts an agent' starts_all_the_same
check 'which it says with -v' says said 'not recorded: .*group 7783: somebody else reads it'

# Another rule's records, without a limit, while nobody reads.
in_client nft -f - <<'END'
table inet flood {
	chain output {
		type filter hook output priority 10
		ip daddr 198.51.100.11 udp dport 80 log group 7783 snaplen 64 queue-threshold 1
	}
}
END
# shellcheck disable=SC2016
send() { # COUNT
	in_client "$BASH" -c 'exec 3>/dev/udp/198.51.100.11/80
		for ((i = 0; i < $1; i++)); do echo >&3; done' send "$1"
}
flooded() { grep -c ' 198\.51\.100\.11 17 ' reader.log; }
counted() { # what was read and what was lost
	local read lost
	read=$(flooded)
	lost=$(sed -n 's/^lost //p' reader.log)
	echo "read $read, lost $lost"
	[ "$read" -ge 400 ] && [ "$lost" -gt 0 ] && [ $((read + lost)) = 5001 ]
}
echo >&"$stop"
check 'the reader does something else' logged '^paused$'
check 'while many packets are logged' send 5000
echo >&"$stop"
check 'it goes on' logged '^goes on$'
check 'and so does the log' send 1
exec {stop}>&-
check 'until it ends' logged '^lost '
check 'what it did not get is counted' counted
