#!/bin/bash
# 10,000 refusals a second, for ten seconds: the kernel counts every one, the log is a sample, file and
# memory of netpale stay small, and who connects where it may is as fast as before.
# Runs alone.
. "${0%/*}/lib.sh"
. "${0%/*}/world.bash"

RATE=10000 SECONDS_LONG=10
ADDRS=(203.0.113.10 203.0.113.11 203.0.113.12 203.0.113.13)

start_echo 198.51.100.10 7
start_dns 198.51.100.53 <<<'198.51.100.10 www.example.com'

memory() { sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$(pgrep -P "$agent")/status"; } # KiB
# How many connects in a second, the best of so many tries: what else runs on the machine only slows.
best() { # COUNT
	for ((i = 0; i < $1; i++)); do as_agent "$PEERS/connects" 198.51.100.10 7 300; done |
		sort -n | tail -n 1
}
counted() { # but netpale's own try at the start
	in_client nft -j list set inet netpale refused4 |
		jq -r '.nftables[] | .set.elem // empty | .[].elem | "\(.val) \(.counter.packets)"' | grep ^203 | sort
}
as_fast() { # BEFORE MEANWHILE: half as many is noise on a machine with two processors
	echo "$1 a second before, $2 meanwhile"
	awk "BEGIN { exit !($2 * 2 >= $1) }"
}
at_most() { # NUMBER LIMIT
	echo "$1, at most $2"
	[ "$1" -le "$2" ]
}
size() { cat /run/netpale/refused.jsonl /run/netpale/refused.old.jsonl | wc -c; }
told() { jq -n '[inputs.count] | add' /run/netpale/refused.jsonl; }

for stance in resolvers guarded; do
	rm -rf /run/netpale
	printf 'network: { dns: %s, allow: [ 198.51.100.10 ] }\n' $stance >/run/policy.yml
	in_client nft delete table inet netpale 2>/dev/null || :
	start_agent /run/policy.yml
	before=$(best 10)
	had=$(memory)
	as_agent "$PEERS/flood" $RATE $SECONDS_LONG "${ADDRS[@]}" >flood.said 2>&1 &
	flood=$!
	meanwhile=$(best 20)
	check "$stance: the flood still ran meanwhile" kill -0 $flood
	check "$stance: all of it was refused at once" wait $flood
	check "$stance: in ten seconds or a little more" at_most "$(sed -n '$s/\..*//p' flood.said)" 15
	check "$stance: the kernel counted every one" same "$(sed '$d' flood.said | sort)" "$(counted)"
	check "$stance: what may connect is as fast as before" as_fast "$before" "$meanwhile"
	# The log lets 50 through, then 20 a second.
	check "$stance: some are recorded" busywait 1000 test -s /run/netpale/refused.jsonl
	check "$stance: as many as the log shows at most" at_most "$(told)" 400
	check "$stance: the record is small" at_most "$(size)" 200000
	check "$stance: so is what netpale grew by" at_most $(($(memory) - had)) 8192
	stop_agent
done
