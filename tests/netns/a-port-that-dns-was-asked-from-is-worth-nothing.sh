#!/bin/bash
# netpale asks DNS through its own fence. The ports it asked from are open to nobody afterwards:
# with `dns: pinned` the agent gets no answer, whatever it sends from them.
. "${0%/*}/lib.sh"

asked_from() { # the source ports of netpale's questions, as conntrack and the server saw them
	in_client conntrack -L -p udp --orig-port-dst 53 2>/dev/null |
		sed -nE 's/^.* src=192\.0\.2\.2 dst=198\.51\.100\.53 sport=([0-9]+) dport=53 .*/\1/p'
}
answered() { # PORT: as the agent, from that port
	says <(as_agent dig +tries=1 +timeout=1 -b "192.0.2.2#$1" @198.51.100.53 www.example.com \
		2>&1) 'status: NOERROR'
}
start_dns 198.51.100.53 <<<'198.51.100.10 www.example.com'
start_echo 198.51.100.10 80
check 'before the fence DNS answers any port' answered 20053
cat >policy.yml <<-'END'
	network:
	  allow:
	    - host: www.example.com
	      private: true
	  dns: pinned
END
check 'the fence goes up' netpale apply -f policy.yml
check 'the name was asked for' was_asked 198.51.100.53 www.example.com
check 'and is open' reaches tcp 198.51.100.10 80
ports=$(asked_from)
check 'the ports it was asked from are known' says <(echo "$ports") '^[0-9]+$'
for port in $ports; do
	refute "port $port is worth nothing" answered "$port"
done
refute 'nor is another' answered 20054
check 'DNS is refused at once' refused_fast udp 198.51.100.53 53
