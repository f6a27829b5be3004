#!/bin/bash
# An address that the guard has learned is open on the ports of its class and on no other, from
# when the kernel has taken it until its time is over; learned again it stays open. What a
# transaction cannot do whole it does not do at all.
. "${0%/*}/lib.sh"

fence() { in_client "$PEERS/fence" "$@"; }
learn() { printf '%s\n' "$@" | fence learn; }
elements() { in_client nft list set inet netpale "$1" | grep -oE '[0-9.]+ timeout' | wc -l; } # SET
is_over() { not says <(in_client nft list set inet netpale "$1") "${2//./\\.} "; } # SET ADDR
took() { # FROM_MS TO_MS SINCE
	local took=$(($(now_ms) - $3))
	echo "after $took ms"
	[ "$took" -ge "$1" ] && [ "$took" -le "$2" ]
}

for addr in 198.51.100.10 198.51.100.11 2001:db8:1::10; do
	for port in 7 8; do
		start_echo $addr $port
	done
done
start_echo 198.51.100.12 7
start_echo 198.51.100.12 53
start_echo 198.51.100.12 853
start_echo 198.51.100.13 53
start_echo 198.51.100.13 7

printf '%s\n' 'dns guarded' 'class tcp:7' 'class any' 'class tcp:53,udp:7' 'class all' |
	fence apply sent
refute 'before, nothing is open' reaches tcp 198.51.100.10 7
check 'it is learned' learn 'add 198.51.100.10 0 600000' 'add 2001:db8:1::10 0 600000'
for addr in 198.51.100.10 2001:db8:1::10; do
	check "$addr is open on its port" reaches tcp $addr 7
	check "$addr is closed on another" refused_fast tcp $addr 8
	check "$addr is closed for another protocol" refused_fast udp $addr 7
done
check 'another address is closed' refused_fast tcp 198.51.100.11 7
check 'what was learned is no difference' fence verify sent

check 'it is learned, without ports' learn 'add 198.51.100.12 1 600000'
check 'it is open' reaches tcp 198.51.100.12 7
check 'it is open to datagrams' reaches udp 198.51.100.12 7
check 'not for DNS over TLS' refused_fast tcp 198.51.100.12 853
refute 'not for DNS' reaches tcp 198.51.100.12 53
check 'it is learned, with port 53 alone of TCP' learn 'add 198.51.100.13 2 600000'
check 'that port is open, without a redirect' reaches tcp 198.51.100.13 53
check 'and the other one' reaches udp 198.51.100.13 7
refute 'not its datagrams' reaches udp 198.51.100.13 53
check 'another one is closed' refused_fast tcp 198.51.100.13 7
check 'it is learned, with all ports' learn 'add 198.51.100.12 3 600000'
check 'DNS over TLS is open' reaches tcp 198.51.100.12 853
check 'and DNS' reaches udp 198.51.100.12 53

start=$(now_ms)
check 'it is learned for a second' learn 'add 198.51.100.11 1 1000'
open_flow old tcp 198.51.100.11 7
check 'then it closes' busywait 5000 probe refused tcp 198.51.100.11 7 50
check 'not before and not much later' took 1000 3000 "$start"
check 'a flow that was open lives on' lives old
check 'what has expired can be removed' learn 'remove 198.51.100.11 1'
check 'what was never there can' learn 'remove 198.51.100.11 2' 'remove 2001:db8:1::11 0'

# The one that is not extended tells the time.
check 'twice for a second' learn 'add 198.51.100.11 1 1000' 'add 198.51.100.11 2 1000'
check 'one of them is learned again' learn 'refresh 198.51.100.11 1 600000'
check 'the other one is over' busywait 5000 is_over learned4_2 198.51.100.11
check 'it is open' reaches tcp 198.51.100.11 7
check 'it is learned again for less' learn 'refresh 198.51.100.11 1 1000'
check 'it closes' busywait 5000 probe refused tcp 198.51.100.11 7 50
check 'what is not there is as good as learned again' learn 'refresh 198.51.100.11 1 600000'
check 'it is open' reaches tcp 198.51.100.11 7
# The same time again: the kernel calls the element the same, and lets it run out.
ends_in() { says <(in_client nft list set inet netpale learned4_1) "198.51.100.11 .*expires $1"; }
check 'it is learned for ten minutes' learn 'refresh 198.51.100.11 1 600000' \
	'add 198.51.100.11 2 2000'
busywait 5000 is_over learned4_2 198.51.100.11
check 'some seconds are gone' ends_in '9m5[0-8]s'
check 'it is learned for ten minutes again' learn 'refresh 198.51.100.11 1 600000'
check 'it has them all' ends_in '(10m|9m59s)'
check 'twice in one reply' learn 'refresh 198.51.100.11 1 600000' 'refresh 198.51.100.11 1 500000'
check 'it is open' reaches tcp 198.51.100.11 7
check 'removed and learned' learn 'remove 198.51.100.11 1' 'add 198.51.100.11 1 600000'
check 'it is open' reaches tcp 198.51.100.11 7
check 'learned and removed, twice' learn 'add 198.51.100.11 1 600000' \
	'remove 198.51.100.11 1' 'remove 198.51.100.11 1'
check 'it is closed' refused_fast tcp 198.51.100.11 7

gone() { # COMMAND...: there is nothing to learn into
	local status=0
	"$@" || status=$?
	same 1 "$status"
}
check 'a set that is not there is said' gone learn 'add 198.51.100.11 1 600000' \
	'add 198.51.100.11 9 600000'
check 'and nothing was learned' refused_fast tcp 198.51.100.11 7

many() { # VERB COUNT
	seq 1 "$2" | awk -v verb="$1" '{ printf "%s 10.%d.%d.%d 0 600000\n", verb,
		$1 / 65536, $1 / 256 % 256, $1 % 256 }'
}
check '65,536 in one transaction' eval 'many add 65536 | fence learn'
check 'all are there' same 65537 "$(elements learned4_0)"
check 'all learned again' eval 'many refresh 65536 | fence learn'
check 'all are there' same 65537 "$(elements learned4_0)"
check 'more than the set holds is refused' eval 'not eval "many add 131072 | fence learn"'
check 'and nothing of it learned' same 65537 "$(elements learned4_0)"
check 'what was learned before is open' reaches tcp 198.51.100.10 7
check 'all removed' eval 'many remove 65536 | fence learn'
check 'but one' same 1 "$(elements learned4_0)"

fence delete
check 'without a fence there is nothing to learn into' gone learn 'add 198.51.100.11 1 600000'
