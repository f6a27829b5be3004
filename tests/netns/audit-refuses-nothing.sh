#!/bin/bash
# `policy: audit` refuses nothing and records what restricted would refuse, inwards too, each flow
# once. What is older than the fence lives on, and is no destination.
. "${0%/*}/lib.sh"

listed() { in_client nft list table inet netpale; }
start_echo 198.51.100.10 80
start_echo 198.51.100.11 80
start_echo 2001:db8:1::11 80
start_dns 198.51.100.53 <<<'198.51.100.10 www.example.com'
start_echo 203.0.113.10 7
open_flow older tcp 203.0.113.10 7
flow pushing listen tcp 203.0.113.11 7
busywait 5000 listens tcp 203.0.113.11 7
open_flow pushed tcp 203.0.113.11 7
is_open pushing
check 'the fence goes up' netpale apply --policy audit --allow 198.51.100.10
for addr in 198.51.100.10 198.51.100.11 2001:db8:1::11; do
	check "$addr is reached" reaches tcp $addr 80
	check "$addr answers a datagram" reaches udp $addr 80
done
check 'any DNS server is reached' \
	says <(in_client dig +short @198.51.100.53 www.example.com) '^198\.51\.100\.10$'
in_client "$PEERS/echo" 192.0.2.2 3000 &
check 'connections come in' busywait 5000 "$PEERS/probe" open tcp 192.0.2.2 3000 500
check 'a flow older than the fence lives' lives older
check 'one whose server speaks first, too' lives pushing
check 'and its client' lives pushed
open_flow long tcp 198.51.100.11 80
for _ in 1 2 3; do
	check 'a flow that is recorded lives' lives long
done

check 'what restricted would refuse is recorded' says <(listed) '198\.51\.100\.11'
check 'in IPv6, too' says <(listed) '2001:db8:1::11'
refused_elements() { listed | sed -n '/set refused/,/^	}/p'; }
refute 'what it would allow is not' says <(refused_elements) '198\.51\.100\.10[^0-9]'
check 'who came in is, too' says <(refused_elements) '192\.0\.2\.2'
check 'a flow is recorded once' says <(refused_elements) '198\.51\.100\.11 counter packets 3 '
check 'one older than the fence that we began is' says <(refused_elements) '203\.0\.113\.10'
refute 'one that only answers is not' says <(refused_elements) '203\.0\.113\.11'
check 'a command starts' netpale run --policy audit -- "$PEERS/probe" open tcp 198.51.100.11 80 1000
check 'restricted refuses just that' netpale apply --policy restricted --allow 198.51.100.10
check 'the recorded one' refused_fast tcp 198.51.100.11 80
check 'and not the other' reaches tcp 198.51.100.10 80
