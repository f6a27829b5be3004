#!/bin/bash
# Fifty thousand names and more addresses than the sets hold: the caps hold in the guard and in the kernel,
# those whose name nobody has asked for longest go first, the newest work, and memory stays bounded.
# Runs alone.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"

names=50000 elements_max=65536 per_name_max=1000
# Sanitizers have a memory of their own.
root=$(cd "${0%/*}/../.." && pwd)
small=$NETPALE
! grep __asan_init "$NETPALE" >/dev/null || small=${BUILD-$root/build/static/netpale}
if [ -x "$small" ]; then NETPALE=$small; else small=; fi

start udp 198.51.100.53 53 "$PEERS/upstream" 198.51.100.53 53 turns
{
	printf 'network:\n  dns: guarded\n  allow:\n'
	seq 0 $((names - 1)) | sed 's/.*/    - {host: n&.example.com, ports: [443]}/'
} | write_policy
start_guard -f $POLICY
forwarder=$(forwarder)

# The number of an answer is its address.
addr() { echo "11.$(($1 / 65536)).$(($1 / 256 % 256)).$(($1 % 256))"; }
ask_all() { # of the names in ./questions, each once
	as_agent dnsperf -s 198.51.100.53 -d questions -n 1 -q 8 -t 10 >performed 2>&1
	cat performed
	says performed 'NOERROR [0-9]+ \(100.00%\)' && says performed 'Queries lost: +0 '
}
count_up() { seq "$1" "$2" | sed 's/.*/n&.example.com A/' >questions; } # FROM TO
in_kernel() { learned >held && wc -l <held; }
holds() { grep -Fxq "$(addr "$1")" held || { echo "$(addr "$1") is closed"; return 1; }; }
resident() { # of the guard and the forwarder, in KiB
	awk '$1 == "VmRSS:" { sum += $2 } END { print sum }' "/proc/$guard/status" "/proc/$forwarder/status"
}
bounded() { # KIB
	local kib
	[ -n "$small" ] || return 0
	kib=$(resident)
	echo "$1: $kib KiB resident" >&2
	check "$1: memory is bounded: $kib KiB" test "$kib" -le 65536
}

bounded 'at the start'
count_up 0 $((names - 1))
check "$names names are asked for" ask_all
check 'each is known' status_is names.known $names
check 'each has its address' same "$(in_kernel)" $names
bounded 'with an address each'

# The first half once more, with new addresses.
count_up 0 $((names / 2 - 1))
check 'half of them are asked for again' ask_all
check 'the kernel holds as many as it may' same "$(in_kernel)" $elements_max
check 'the guard says so' status_is names.open $elements_max
check 'and how many had to go' status_is names.evicted $((names + names / 2 - elements_max))
# When there was no room for one more, the names up to `room` had just been asked for again, so that those
# from there on were the idle ones, the oldest first: as many as then came. A hundred around the edges
# may be in any order, as their questions were.
room=$((elements_max - names)) again=$((names / 2))
for answer in $((names + again - 1)) $names 0 $((room - 100)) $((again + 100)) $((names - 1)); do
	check "asked for lately: $answer is open" holds "$answer"
done
for answer in $((room + 100)) $((again - 100)); do
	refute "idle for longest: $answer is closed" holds "$answer"
done
check 'nothing was refused by the kernel' status_is 'forwarder.kernel refused' 0
bounded 'with as many as may be'

# One name with an address for each answer.
yes n7.example.com A | head -n $((3 * per_name_max)) >questions || :
check 'one name has an address each time' ask_all
check 'the kernel holds no more than before' test "$(in_kernel)" -le $elements_max
of_one() {
	in_client "$NETPALE" status --json | python3 -c '
import json, sys
print(sum(lease["name"] == "n7.example.com" for lease in json.load(sys.stdin)["leases"]))'
}
check 'and no more of that name than may be' same "$(of_one)" $per_name_max
last=$((names + names / 2 + 3 * per_name_max - 1))
check 'the newest is open' holds $last
refute 'an old one is not' holds $((last - 2 * per_name_max))
check 'what others have is open' holds $((names - 1))

# All that goes through a reload.
before=$(in_kernel)
holds_as_before() { same "$before" "$(in_kernel)"; }
check 'the policy is read again' netpale reload
# While the kernel makes a new set's table larger, a listing can miss elements.
check 'and the kernel holds the same' busywait 30000 holds_as_before
bounded 'after a reload'
check 'the forwarder is the same' alive "$forwarder"
