#!/bin/bash
# `verify` compares the kernel with what was applied: whatever was added, removed or changed in the
# fence is found; an untouched one has no findings.
. "${0%/*}/lib.sh"

# As in a container started with no-new-privileges: else that itself is a finding.
# shellcheck disable=SC2120
verify() { in_client setpriv --no-new-privs -- "$NETPALE" verify "$@"; }
cat >policy.yml <<-'END'
	network:
	  allow:
	    - 198.51.100.10
	    - 203.0.113.0/28:8000-8099
	    - "[2001:db8:1::10]:443"
	  deny:
	    - 203.0.113.192/26
	  inbound: [3000]
END
fence() { netpale apply -q -f policy.yml; }
# shellcheck disable=SC2119
finds() { # PATTERN: exit 1 and a line that says it
	local status=0
	verify >found || status=$?
	[ "$status" = 1 ] || { echo "status $status"; cat found; return 1; }
	says found "$1"
}
changed() { # WORDS PATTERN NFT...: a fresh fence, changed
	local words=$1 pattern=$2
	shift 2
	check "$words: the fence is as applied" eval 'fence && verify'
	check "$words: changed" in_client nft "$@"
	check "$words: found" finds "$pattern"
}
rule_handle() { # CHAIN PATTERN
	in_client nft -a list chain inet netpale "$1" | sed -nE "/$2/{s/.* handle //p;q}"
}

check 'nothing in force is a finding' finds 'nothing is in force'
changed 'an element removed' \
	'^element removed from set allow4: 198\.51\.100\.10 \(policy\.yml:3: 198\.51\.100\.10\)$' \
	delete element inet netpale allow4 '{ 198.51.100.10 }'
changed 'an element of several fields removed' \
	'^element removed from set ports4: 203\.0\.113\.0/28 \. tcp \. 8000-8099 \(policy\.yml:4: ' \
	delete element inet netpale ports4 '{ 203.0.113.0/28 . tcp . 8000-8099 }'
changed 'an open port removed' \
	'^element removed from set inbound: (tcp|udp) \. 3000 \(policy\.yml:8\)$' \
	flush set inet netpale inbound
changed 'an element added' '^element added to set allow4: 198\.51\.100\.77$' \
	add element inet netpale allow4 '{ 198.51.100.77 }'
changed 'an element added that a line denies' \
	'^element added to set allow4: 203\.0\.113\.200 \(policy\.yml:7: 203\.0\.113\.192/26\)$' \
	add element inet netpale allow4 '{ 203.0.113.200 }'
changed 'a range added' '^element added to set allow4: 198\.51\.100\.128/25$' \
	add element inet netpale allow4 '{ 198.51.100.128/25 }'
changed 'an IPv6 element added' '^element added to set ports6: 2001:db8:1::77 \. tcp \. 443$' \
	add element inet netpale ports6 '{ 2001:db8:1::77 . tcp . 443 }'
changed 'a rule added' '^rule added to chain egress, place 1: accept$' \
	insert rule inet netpale egress accept
changed 'a rule added at the end' \
	'^rule added to chain output, place [0-9]+: ip daddr 203\.0\.113\.0/24 tcp dport 443 accept$' \
	add rule inet netpale output ip daddr 203.0.113.0/24 tcp dport 443 accept
check 'a rule removed: the fence is as applied' eval 'fence && verify'
check 'a rule removed: changed' in_client nft delete rule inet netpale egress \
	handle "$(rule_handle egress 'oifname "lo" accept')"
check 'a rule removed: found' finds '^rule removed from chain egress, place [0-9]+: oifname "lo" accept$'
check 'a rule changed: the fence is as applied' eval 'fence && verify'
check 'a rule changed: changed' in_client nft replace rule inet netpale egress \
	handle "$(rule_handle egress 'oifname "lo" accept')" oifname '"eth*"' accept
check 'a rule changed: found' finds \
	'^rule changed in chain egress, place [0-9]+: oifname "eth\*" accept, was: oifname "lo" accept$'
check 'a rule moved: the fence is as applied' eval 'fence && verify'
move_rule() {
	in_client nft delete rule inet netpale egress handle "$(rule_handle egress 'oifname "lo" accept')" &&
		in_client nft insert rule inet netpale egress oifname lo accept
}
check 'a rule moved: changed' move_rule
check 'a rule moved: found' finds '^the rules of chain egress are in another order$'
changed 'a chain emptied' '^rule removed from chain refuse, place 1: ' flush chain inet netpale refuse
changed 'the policy turned' '^chain output changed: policy accept, was drop$' \
	'chain inet netpale output { type filter hook output priority filter; policy accept; }'
changed 'a chain added' '^chain mine was added: type filter; hook output; priority -5; policy accept$' \
	add chain inet netpale mine '{ type filter hook output priority -5; }'
changed 'a set added' '^set extra was added$' add set inet netpale extra '{ type ipv4_addr; }'
changed 'the table made dormant' '^table inet netpale is dormant: its chains see no packet$' \
	add table inet netpale '{ flags dormant; }'
changed 'the table gone' '^the fence is gone: there is no table inet netpale$' \
	delete table inet netpale

# The kernel moves no chain: another one of its name stands there. Applying again mends that too.
anew() { # CHAIN DECLARATION [RULE...]
	local chain=$1
	printf 'flush table inet netpale\ndelete chain inet netpale %s\nadd chain inet netpale %s %s\n' \
		"$chain" "$chain" "$2" >anew.nft
	shift 2
	[ $# = 0 ] || printf 'add rule inet netpale %s\n' "$@" >>anew.nft
}
anew output '{ type filter hook output priority 10; policy drop; }'
changed 'a chain at another priority' '^chain output changed: priority 10, was 0$' -f anew.nft
anew output '' 'egress jump output'
changed 'a chain on no hook' '^chain output changed: on no hook, was type filter$' -f anew.nft
anew refuse '{ type filter hook output priority -10; policy accept; }'
changed 'an inner chain on a hook' '^chain refuse changed: type filter, was on no hook$' -f anew.nft
anew output '{ type route hook output priority 0; policy drop; }'
changed 'a chain of another type' '^chain output changed: type route, was filter$' -f anew.nft
printf '%s inet netpale %s\n' 'flush table' '' 'delete set' allow4 \
	'add map' 'allow4 { type inet_service : verdict; elements = { 1 : jump refuse }; }' \
	'add set' 'allow4_b { type inet_service; }' \
	'add rule' 'input tcp dport vmap @allow4' 'add rule' 'input tcp dport @allow4_b' >sets.nft
changed 'sets of other types, in use' '^set allow4_b was added$' -f sets.nft
changed 'a chain at another priority again' '^chain output changed' -f anew.nft
check 'as JSON' eval 'not verify --json >found && jq -e ".version == 1 and (.checked | length) > 3 and
	([.findings[] | select(.kind == \"chain changed\")] | length) == 1" found'
fence
in_client nft delete element inet netpale allow4 '{ 198.51.100.10 }'
line_as_field() {
	not verify --json >found &&
		same 'element removed policy.yml:3' "$(jq -r '.findings[0] | .kind + " " + .origin' found)"
}
check 'the line of the policy is a field' line_as_field

mv /run/netpale kept
check 'a fence whose record is gone is told from none' finds '^a fence stands, but /run/netpale has no record'
mv kept /run/netpale

# Who is not root sees less, and says so.
fence
check 'without privilege it tries what it cannot see' as_agent setpriv --no-new-privs "$NETPALE" verify
check 'and says what was not looked at' says \
	<(as_agent setpriv --no-new-privs "$NETPALE" verify 2>&1) 'not looked at: the fence in the kernel'

fence
start_echo 198.51.100.10 80
start_echo 198.51.100.11 80
check '--open and --closed hold' verify --open 198.51.100.10:80 --closed 198.51.100.11:80
refute '--open of what is closed is a finding' verify --open 198.51.100.11:80
nameless() { verify --resolve-timeout 1 --open nosuch.example:80; }
check '--open of a name without an address says so' says <(nameless || :) \
	'^nosuch\.example:80/tcp: wanted open, its name has no address$'
refute '--closed of what is open is a finding' verify --closed 198.51.100.10:80
