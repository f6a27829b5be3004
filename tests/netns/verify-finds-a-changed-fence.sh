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
changed 'an element removed' 'missing.*allow4.*198\.51\.100\.10' \
	delete element inet netpale allow4 '{ 198.51.100.10 }'
changed 'an element added' '198\.51\.100\.77' add element inet netpale allow4 '{ 198.51.100.77 }'
changed 'a range added' '198\.51\.100\.' add element inet netpale allow4 '{ 198.51.100.128/25 }'
changed 'an IPv6 element added' '2001:db8:1::77' \
	add element inet netpale ports6 '{ 2001:db8:1::77 . tcp . 443 }'
changed 'a rule added' 'egress' insert rule inet netpale egress accept
changed 'a rule added at the end' 'output' add rule inet netpale output accept
check 'a rule removed: the fence is as applied' eval 'fence && verify'
check 'a rule removed: changed' in_client nft delete rule inet netpale egress \
	handle "$(rule_handle egress 'reject|refuse')"
check 'a rule removed: found' finds egress
changed 'a chain emptied' 'refuse' flush chain inet netpale refuse
changed 'the policy turned' 'output.*accept' \
	'chain inet netpale output { type filter hook output priority filter; policy accept; }'
changed 'a chain added' 'mine' add chain inet netpale mine '{ type filter hook output priority -5; }'
changed 'a set added' 'extra' add set inet netpale extra '{ type ipv4_addr; }'
changed 'the table made dormant' 'dormant|asleep' add table inet netpale '{ flags dormant; }'
changed 'the table gone' 'no fence|gone|stands' delete table inet netpale

fence
start_echo 198.51.100.10 80
start_echo 198.51.100.11 80
check '--open and --closed hold' verify --open 198.51.100.10:80 --closed 198.51.100.11:80
refute '--open of what is closed is a finding' verify --open 198.51.100.11:80
refute '--closed of what is open is a finding' verify --closed 198.51.100.10:80
