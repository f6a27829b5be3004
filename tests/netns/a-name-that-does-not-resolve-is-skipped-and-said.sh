#!/bin/bash
. "${0%/*}/lib.sh"

start_dns 198.51.100.53 --txt-record=mail.example.com,text <<-'END'
	198.51.100.10 good.example.com
	2001:db8:1::10 good.example.com
	198.51.100.11 four.labels.example.com
END
start udp 203.0.113.53 53 "$PEERS/dns" 203.0.113.53 53
start_http 198.51.100.10 80
start_http 2001:db8:1::10 80
start_http 198.51.100.11 80
start_http 198.51.100.12 80
start_http 198.51.100.53 80
cat >policy.yml <<-'END'
	network:
	  allow:
	    - {host: good.example.com, private: true}
	    - {host: good.example.com, private: true}
	    - {host: four.labels.example.com, private: true}
	    - {host: gone.example.com, private: true}
	    - gone.example.net:443
	    - mail.example.com
	    - 198.51.100.12:80
END

check 'the command runs' netpale run -f policy.yml -- touch /run/test/ran
check 'it ran' test -e ran
check 'the start says which name was not found, and why' says said 'gone\.example\.com: NXDOMAIN'
check 'it says so of each' says said 'gone\.example\.net: NXDOMAIN'
check 'a name without address is told apart' says said 'mail\.example\.com: no address'
check 'what resolved is open' reaches tcp 198.51.100.10 80
check 'what resolved is open, in the other family too' reaches tcp 2001:db8:1::10 80
check 'a name of four labels is a name' reaches tcp 198.51.100.11 80
check 'so is an address' reaches tcp 198.51.100.12 80
check 'nothing else' refused_fast tcp 198.51.100.53 80
refute 'no search domain was appended' says dns.198.51.100.53.log 'example\.(com|net)\.'

echo 'nameserver 203.0.113.53' >resolv.conf
sed -i 's/gone\.example\.com/servfail.example.com/; s/gone\.example\.net:443/refused.example.com/' \
	policy.yml
check 'with a server that fails the command runs too' \
	netpale run -f policy.yml -- true
check 'SERVFAIL is said' says said 'servfail\.example\.com: SERVFAIL'
check 'REFUSED is said' says said 'refused\.example\.com: REFUSED'
