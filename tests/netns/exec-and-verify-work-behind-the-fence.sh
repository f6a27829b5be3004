#!/bin/bash
# The filter that the agent lives behind denies netfilter's socket too. What the agent may ask all
# the same, it is told: exec enters again, verify tries what it cannot read.
. "${0%/*}/lib.sh"

start_echo 198.51.100.11 80
netpale apply -q --allow 198.51.100.10
behind() { netpale exec -q -- "$NETPALE" "$@"; }

check 'exec' same 1000 "$(behind exec -- id -u)"
check 'verify' behind verify --closed 198.51.100.11:80
check 'explain' behind explain --allow 198.51.100.10 198.51.100.10
check 'a command without a fence of its own' behind run --policy full -- true
refute 'which is still behind this one' behind run --policy full -- \
	"$PEERS/probe" open tcp 198.51.100.11 80 1000
refute 'no fence of its own' behind run --policy none -- true

in_client nft delete table inet netpale
refute 'exec, when the fence is gone' as_agent "$NETPALE" exec -- true
refute 'verify, when the fence is gone' as_agent "$NETPALE" verify
