#!/bin/bash
# Whoever may ask for any name below a wildcard could carry secrets out in them. More new names than
# work needs are refused and do not leave; known names and exact ones are not counted.
. "${0%/*}/lib.sh"
. "${0%/*}/guarded.bash"

# An address has sixteen names at most.
addrs=(198.51.100.{10..19} 203.0.113.{10..19})
for addr in "${addrs[@]}" 2001:db8:1::10; do start_echo "$addr" 7; done
start_upstream 198.51.100.53 "a=$(IFS=,; echo "${addrs[*]}")"
{
	echo 'allow:'
	for wildcard in '*.wild.example.com' '*.bytes.example.com' .other.example.com; do
		echo "  - {host: '$wildcard', ports: [7], private: true}"
	done
	for n in {1..300}; do echo "  - {host: exact$n.example.net, ports: [7], private: true}"; done
} | policy
start_guard -f /run/policy.yml

asks_all() { # NAME...: one after the other; how many of which outcome in ./outcomes
	printf '%s A +noall +comments +tries=1 +timeout=7\n' "$@" >questions
	as_agent dig -f questions >answers 2>&1 || return 1
	sed -n 's/.*status: \([A-Z]*\),.*/\1/p' answers | sort | uniq -c >outcomes
	cat outcomes
}
outcome() { sed -n "s/^ *\\([0-9]*\\) $1\$/\\1/p" outcomes; }
left() { names_heard 198.51.100.53 | grep -c "$1"; } # PATTERN

start=$(now_ms)
check 'three hundred new names are asked for' asks_all n{1..300}.wild.example.com
refilled=$((($(now_ms) - start) / 1000 + 1))
answered=$(outcome NOERROR) refused=$(outcome REFUSED)
check "a burst is answered: $answered" test "$answered" -ge 200 -a "$answered" -le $((200 + refilled))
check 'all others are refused' same 300 $((answered + refused))
check 'and why' says answers 'EDE: 15 .Blocked.: .netpale: too many names below this wildcard.'
check 'what was refused has not left' same "$answered" "$(left wild)"
check 'known names go on' asks_all n{1..100}.wild.example.com
check 'each of them' same 100 "$(outcome NOERROR)"
check 'and are open' says <(as_agent "$PEERS/visit" n7.wild.example.com 7 5) ' 0 refused.* 0 unresolved'

check 'three hundred exact names are not counted' asks_all exact{1..300}.example.net
check 'each of them' same 300 "$(outcome NOERROR)"
check 'another wildcard has a burst of its own' asks_all n{1..20}.other.example.com
check 'all of it' same 20 "$(outcome NOERROR)"

# 200 bytes each: 8 KiB are soon told.
label=$(printf 'x%.0s' {1..60})
check 'long names are asked for' asks_all {1..100}."$label.$label.$label".bytes.example.com
answered=$(outcome NOERROR)
check "fewer of them are answered: $answered" test "$answered" -ge 40 -a "$answered" -le 50
check 'all others are refused' same $((100 - answered)) "$(outcome REFUSED)"
check 'what was refused has not left' same "$answered" "$(left bytes)"

check 'names that do not exist count each time' asks_all nxdomain.{1..300}.other.example.com
check 'that many' test "$(outcome NXDOMAIN)" -le 200
check 'the guard has counted' says <(status) '"tunnel limit":[1-9]'
