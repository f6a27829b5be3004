#!/bin/bash
# With `dns: guarded` addresses are learned when the agent asks. Who only wants to know what a policy
# says needs neither DNS nor privilege; and what must be answered by somebody who stays, `apply`
# refuses.
. "${0%/*}/lib.sh"

start_dns 198.51.100.53 <<-'END'
	11.0.0.9 api.example.com
END
echo '11.0.0.7 fixed.example.com other.example.net' >>hosts
cat >policy.yml <<-'END'
	network:
	  allow:
	    - "*.example.com:443"
	    - .a.example.com
	    - { host: required.example.org, required: true }
	  deny:
	    - "*.tracker.example.com"
	    - 11.0.0.7:443/udp
END
asked() { sed -n 's/.*query\[[A]*\] \([^ ]*\) from.*/\1/p' dns.198.51.100.53.log | sort -u; }
tells() { # STATUS DESTINATION PATTERN: one line, that status
	local status=0
	in_client "$NETPALE" explain -f policy.yml "$2" >told || status=$?
	echo "status $status"
	cat told
	[ "$status" = "$1" ] && [ "$(wc -l <told)" = 1 ] && says told "$3"
}
allowed() { check "$1 is allowed by $2" tells 0 "$1" "^allowed: $1.* by allow .*$2"; }
refused() { check "$1 is refused: $2" tells 1 "$1" "^refused: $1.*$2"; }
ends_with() { # STATUS COMMAND...
	local status=0
	"${@:2}" || status=$?
	same "$1" "$status"
}

allowed b.example.com:443/tcp "'\*\.example\.com:443' \(policy\.yml:3\), its addresses are opened when it is asked for"
allowed x.a.example.com:9/tcp "'\.a\.example\.com' \(policy\.yml:4\)"
allowed a.example.com:443/tcp "'\.a\.example\.com' \(policy\.yml:4\)"
refused b.example.com:80/tcp "'\*\.example\.com:443' \(policy\.yml:3\): wrong port; this line in allow would open it: - b\.example\.com:80/tcp$"
refused t.tracker.example.com:443/tcp "by deny '\*\.tracker\.example\.com' \(policy\.yml:7\)"
refused example.com:443/tcp 'no entry; this line in allow would open it'
refused evilexample.com:443/tcp 'no entry'
allowed fixed.example.com:443/tcp "policy\.yml:3\)$"
refused fixed.example.com:443/udp "policy\.yml:8"
allowed required.example.org:443/tcp 'policy\.yml:5'

check 'it can be planned' as_agent "$NETPALE" plan --format json -f policy.yml
as_agent "$NETPALE" plan --format json -f policy.yml >planned
check 'what the hosts file knows is open from the start' says planned \
	'"to":"11\.0\.0\.7","ports":\["443/tcp"\]'
refute 'but no other name of it' says planned 'other\.example'
check 'names have classes of ports' says planned '"name":"\*\.example\.com","classes":\[0\]'
check 'or are denied' says planned '"name":"\*\.tracker\.example\.com","deny":true'
check 'DNS was asked nothing' same '' "$(asked)"

check 'apply ends with 65' ends_with 65 netpale apply -f policy.yml
netpale apply -f policy.yml 2>said || :
check 'and says why, and what to do' says said \
	"policy\.yml:3: dns: guarded needs somebody who stays and answers.*use 'netpale run' or 'netpale guard'"
check 'nothing was loaded' same '' "$(in_client nft list tables)"
check 'without DNS there is nothing to answer' netpale apply --policy none -f policy.yml

# Before something is started the required names are looked up, and only those.
check 'a required name that does not resolve stops the start' \
	ends_with 125 netpale run -f policy.yml -- true
check 'which DNS was asked for, and nothing else' same required.example.org "$(asked)"
