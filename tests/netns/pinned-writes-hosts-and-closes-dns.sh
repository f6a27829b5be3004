#!/bin/bash
. "${0%/*}/lib.sh"

start_dns 198.51.100.53 <<-'END'
	198.51.100.10 www.example.com
	2001:db8:1::10 www.example.com
	198.51.100.11 other.example.com
END
dnsmasq=$!
start_dns 203.0.113.53 </dev/null
start_http 198.51.100.10 80
start_http 198.51.100.12 80
start_http 2001:db8:1::10 80
start_http 2001:db8:1::53 53 'a DNS server elsewhere'
cat >policy.yml <<-'END'
	network:
	  dns: pinned
	  allow:
	    - {host: www.example.com, private: true}
	    - {host: other.example.com, private: true}
	    - {host: gone.example.com, private: true}
	    - "203.0.113.0/24"
END
cp hosts before
digs() { in_client dig +time=1 +tries=1 "$@" www.example.com | grep 'status: NOERROR'; }
questions() { grep -c 'query\[' dns.198.51.100.53.log; }
fetches() { as_agent curl -sS --max-time 5 "$@" http://www.example.com/; }

check 'without a fence DNS answers' digs
check 'apply pins' netpale apply -f policy.yml
asked=$(questions)
check 'the lines that stood in /etc/hosts stay' same "$(cat before)" "$(head -n 3 /etc/hosts)"
check 'the IPv4 address is there' says /etc/hosts '^198\.51\.100\.10[[:space:]]+www\.example\.com$'
check 'the IPv6 address is there' says /etc/hosts '^2001:db8:1::10[[:space:]]+www\.example\.com$'
check 'the agent finds the name' says <(as_agent getent ahosts www.example.com) 2001:db8:1::10
check 'and reaches it, IPv4' fetches -4
check 'and reaches it, IPv6' fetches -6
check 'DNS is closed' refused_fast udp 198.51.100.53 53
check 'DNS is closed over TCP' refused_fast tcp 198.51.100.53 53
check 'DNS is closed over IPv6' refused_fast tcp 2001:db8:1::53 53
check 'also where a network without ports is allowed' refused_fast udp 203.0.113.53 53
check 'also over TCP' refused_fast tcp 203.0.113.53 53
refute 'dig gets no answer' digs
check 'nobody has asked the DNS server since' same "$asked" "$(questions)"

# What is pinned must not be what the next apply resolves from.
sed -i 's/^198.51.100.10/198.51.100.12/; /^2001/d' dns.198.51.100.53.hosts
kill -HUP "$dnsmasq"
busywait 5000 says dns.198.51.100.53.log 'read .*hosts - 2 (names|addresses)'
check 'a second apply asks again, through the fence' netpale apply -f policy.yml
check 'and pins what is answered now' \
	says /etc/hosts '^198\.51\.100\.12[[:space:]]+www\.example\.com$'
refute 'what was pinned before is gone' says /etc/hosts '^198\.51\.100\.10[[:space:]]'
refute 'in the other family too' says /etc/hosts '^2001:db8:1::10[[:space:]]'
check 'the marks stand once' same 1 "$(grep -c 'netpale.*begin' /etc/hosts)"
check 'the agent reaches the new address' fetches
check 'the old one is closed' refused_fast tcp 198.51.100.10 80
cp hosts before
check 'a third apply' netpale apply -f policy.yml
check 'changes nothing' same "$(cat before)" "$(cat /etc/hosts)"

# Another stance keeps nothing up to date.
check 'with DNS again' netpale apply --allow 198.51.100.12
refute 'nothing is pinned' says /etc/hosts 'netpale|example'
check 'and the lines that stood in /etc/hosts stay' same "$(head -n 3 before)" "$(cat /etc/hosts)"
