#!/bin/bash
# Random policies with entries of every form: what `plan` prints, loaded by nft, lists as what netpale
# loaded; and at the edges of what they speak of `explain`, the plan and the kernel say the same.
# SEED is the first policy's number, POLICIES how many there are: the same numbers, the same policies.
. "${0%/*}/lib.sh"

printf '%s\n' '192.88.100.14 api.example' '198.51.100.7 db.example' '192.88.100.15 both.example' \
	'2600::7 both.example' >answers
open=0 refused=0
first=${SEED:-1}
for ((i = first; i < first + ${POLICIES:-24}; i++)); do
	"$PEERS/policy" "$i" >policy.yml
	plan() { netpale plan -q -f policy.yml --answers answers --format nft; }
	apply() { netpale apply -q -f policy.yml --answers answers; }
	by_nft() { plan >by.nft && in_client nft -f by.nft && ruleset >by-nft; }
	in_client nft delete table inet netpale 2>/dev/null || :
	if [ "$(plan 2>/dev/null | grep -c '^table')" = 0 ]; then # full, with nothing to refuse
		check "policy $i: nothing is fenced" apply
	else
		check "policy $i: nft loads what is printed" by_nft
		check "policy $i: netpale loads it" apply
		ruleset >by-netpale
		check "policy $i: both are the same" diff by-nft by-netpale
	fi
	judge() { in_client "$PEERS/judge" policy.yml answers 400 >judged; }
	check "policy $i: explain, plan and kernel agree" judge
	read -r _ o _ r _ <judged || o=0 r=0
	open=$((open + o)) refused=$((refused + r))
done
echo "$open packets let out, $refused refused"
check 'many packets were let out' [ $open -gt 1000 ]
check 'and many refused' [ $refused -gt 1000 ]
# Whoever judges sees a fence that is not there.
in_client nft delete table inet netpale 2>/dev/null || :
printf 'network: { allow: [198.51.100.7], deny: [203.0.113.0/24] }\n' >policy.yml
refute 'without the fence they do not agree' in_client "$PEERS/judge" policy.yml answers 100
