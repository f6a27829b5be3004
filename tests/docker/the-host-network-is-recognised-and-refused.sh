#!/bin/bash
# With --network host the fence would be the host's.
. "$(dirname "$0")/lib.sh"

# Harmless should the promise be broken: this fence refuses one documentation address.
printf 'network:\n  policy: full\n  deny:\n    - 192.0.2.1\n' >"$work/policy.yml"
with_policy=(-v "$work/policy.yml:/etc/netpale/policy.yml:ro")
mkdir -m 777 "$work/witness"

host_nft() {
	docker run --rm --label "$label" --network host --cap-add NET_ADMIN --entrypoint nft "$image" "$@"
}

host_nft list table inet netpale >/dev/null 2>&1 && fail 'the host has a table inet netpale already'
clean_more() { host_nft delete table inet netpale >/dev/null 2>&1; }
before=$(host_nft -s list tables)

capture fenced --network host -v "$work/witness:/witness" "$image" touch /witness/ran
equals 'the start fails' 125 "$status"
contains 'it says whose network it is' "the host's network" "$out"
[ ! -e "$work/witness/ran" ] || fail 'the agent ran'
equals "the host's tables are as they were" "$before" "$(host_nft -s list tables)"

net=$(network net)
capture fenced --network "$net" -v "$work/witness:/witness" "$image" touch /witness/ran
equals 'the same starts in a network of its own' 0 "$status"
