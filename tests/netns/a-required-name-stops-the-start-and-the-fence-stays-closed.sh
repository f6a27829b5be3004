#!/bin/bash
. "${0%/*}/lib.sh"

start_dns 198.51.100.53 <<-'END'
	198.51.100.10 good.example.com
	198.51.100.11 other.example.com
END
start_http 198.51.100.10 80
start_http 198.51.100.11 80
start_echo 203.0.113.10 7
start_echo 2001:db8:1::10 7
cat >policy.yml <<-'END'
	network:
	  allow:
	    - {host: good.example.com, private: true}
	    - {host: gone.example.com, required: true}
END
ends_with() { # STATUS COMMAND...
	local status=0
	"${@:2}" || status=$?
	same "$1" "$status"
}

check 'before, there is no fence' reaches udp 203.0.113.10 7
check 'run ends with 125' ends_with 125 netpale run -f policy.yml -- touch /run/test/ran
check 'which name it was is said' says said 'gone\.example\.com.*NXDOMAIN'
refute 'the command never ran' test -e ran
check 'the fence is closed: TCP' refused_fast tcp 198.51.100.10 80
check 'the fence is closed: UDP' refused_fast udp 203.0.113.10 7
check 'the fence is closed: IPv6' refused_fast udp 2001:db8:1::10 7
check 'apply ends with 69' ends_with 69 netpale apply -f policy.yml
check 'the fence is still closed' refused_fast tcp 198.51.100.10 80

sed 's/gone\.example\.com, required: true/other.example.com, private: true, required: true/' \
	policy.yml >good.yml
check 'a required name that resolves starts' \
	netpale run -f good.yml -- touch /run/test/ran
check 'the command ran' test -e ran
check 'the fence lets the name through' reaches tcp 198.51.100.11 80
check 'a later apply that lacks a required name fails' ends_with 69 netpale apply -f policy.yml
check 'and leaves the fence that stood' reaches tcp 198.51.100.11 80
check 'closed where it was closed' refused_fast udp 203.0.113.10 7

sed 's/gone\.example\.com/evil.example.com/' policy.yml >evil.yml
echo '169.254.169.254 evil.example.com' >>hosts
check 'a required name without an address that may be opened stops the start too' \
	ends_with 69 netpale apply -f evil.yml
