#!/bin/bash
# In a user namespace, as rootless engines have it, no socket buffer grows beyond what everybody
# may have. A fence that does not fit in one message there goes up all the same, and again.
. "${0%/*}/lib.sh"

prefixes=120000 flows=$((2 * 120000))
elements() {
	nft -j list table inet netpale |
		jq '[.nftables[].set? | select(. != null and .elem != null) | .elem | length] | add'
}
# The script itself, as root of a namespace that owns its network.
rootless() { # FILE
	ip link set lo up
	"$NETPALE" apply -q --policy none && "$NETPALE" apply -q -f "$1" && elements &&
		"$NETPALE" apply -q -f "$1" && elements && "$NETPALE" apply -q --policy none
}
loads() {
	unshare --user --map-root-user --net "$BASH" -ec \
		"$(declare -f elements rootless); rootless large.yml" >loaded || return 1
	cat loaded
	[ "$(awk -v flows=$flows '$1 >= flows' loaded | wc -l)" = 2 ]
}
seq 0 $((prefixes - 1)) | awk 'BEGIN { print "network: { allow: [" } { at = $1 * 64
	printf "10.%d.%d.%d/27:443,\n", at / 65536, at / 256 % 256, at % 256 } END { print "]}" }' \
	>large.yml
limit=$(</proc/sys/net/core/wmem_max)
check "$limit bytes, doubled, are too small for it" [ $((2 * limit)) -lt $((flows * 40)) ]
check 'it goes up, twice' loads
