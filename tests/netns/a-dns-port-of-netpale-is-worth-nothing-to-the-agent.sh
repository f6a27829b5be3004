#!/bin/bash
# netpale's questions leave through the fence by their socket mark. What the kernel remembers of
# those flows must not let the agent use the same port to the same server afterwards.
. "${0%/*}/lib.sh"

start udp 198.51.100.53 53 "$PEERS/dns" 198.51.100.53 53
cat >policy.yml <<-'END'
	network:
	  dns: pinned
	  allow:
	    - {host: www.example.com, private: true}
	    - {host: truncated.example.com, private: true}
END
ports() { # that netpale asked from
	sed -n 's/.* udp \([0-9]*\)$/\1/p' udp.198.51.100.53.53.log | sort -u
}
marks=(python3 -c 'import socket as s; s.socket(s.AF_INET, s.SOCK_DGRAM).setsockopt(
	s.SOL_SOCKET, s.SO_MARK, 1)')
nothing_from() { # PORT
	in_client "$PEERS/probe" refused udp 198.51.100.53 53 50 "$1" &&
		as_agent "$PEERS/probe" refused udp 198.51.100.53 53 50 "$1"
}

check 'whoever has NET_ADMIN can mark a socket' in_client "${marks[@]}"
check 'a free port gets through before' \
	probe silent udp 198.51.100.53 53 50
check 'apply resolves' netpale apply -f policy.yml
check 'it asked from somewhere' test -n "$(ports)"
check 'the kernel remembers' \
	says <(in_client conntrack -L -p udp 2>&1) "sport=$(ports | head -n 1) dport=53"
for port in $(ports); do
	check "port $port is refused right after" nothing_from "$port"
done
check 'TCP, which netpale used too, is refused' refused_fast tcp 198.51.100.53 53

: >udp.198.51.100.53.53.log
check 'a second apply, through the fence that stands' netpale apply -f policy.yml
for port in $(ports); do
	check "port $port is refused right after" nothing_from "$port"
done

# With netpale's socket still open: the fence is closed, and a slow answer awaited.
: >udp.198.51.100.53.53.log
sed -i 's/truncated\.example/silent.example/' policy.yml
netpale apply -f policy.yml --resolve-timeout 1 &
applying=$!
busywait 5000 says udp.198.51.100.53.53.log '^A silent\.example\.com'
check 'meanwhile the agent has no DNS' refused_fast udp 198.51.100.53 53
check 'nor can it have a mark' says <(as_agent "${marks[@]}" 2>&1) 'Operation not permitted'
wait "$applying"
for port in $(ports); do
	check "port $port is refused right after" nothing_from "$port"
done
