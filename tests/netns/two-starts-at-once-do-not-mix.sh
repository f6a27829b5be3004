#!/bin/bash
# Several netpale at once (an editor's postStart beside the entrypoint) come one after the other:
# none fails, and the fence that stands is one of theirs, whole.
. "${0%/*}/lib.sh"

apply() { netpale apply -q --allow "198.51.100.$1" --allow "203.0.113.0/28:$1"; }
all_at_once() {
	local pids=() pid status=0
	for host in 10 11 12 13 14 15 16 17; do
		apply "$host" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || status=1; done
	return "$status"
}
of_one() {
	in_client nft list table inet netpale >listed
	[ "$(grep -oE '198\.51\.100\.1[0-7]' listed | sort -u | wc -l)" = 1 ] || { cat listed; return 1; }
}

for round in first second third; do
	check "eight at once, for the $round time" all_at_once
	check 'the fence is of one of them' of_one
	check 'and what is kept is of the same' \
		in_client setpriv --no-new-privs "$NETPALE" verify
done

# The agent can stop its own `sudo netpale apply`, but not open the lock.
refute 'the agent cannot take the lock' as_agent flock /run/netpale/lock true
in_client flock /run/netpale/lock tail -f /dev/null &
busywait 5000 not in_client flock -n /run/netpale/lock true
check 'who waits for ever is told' not within 30000 apply 10
check 'which it says' says said 'another netpale is changing the fence'
