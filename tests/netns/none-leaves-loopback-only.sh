#!/bin/bash
# `policy: none`: loopback and nothing else, not even DNS; nothing comes in.
. "${0%/*}/lib.sh"

resolves() { says <(in_client dig +tries=1 +timeout=1 www.example.com 2>&1) '198\.51\.100\.10$'; }

start_dns 198.51.100.53 <<<'198.51.100.10 www.example.com'
start_echo 198.51.100.10 80
start_echo 2001:db8:1::10 80
start_echo 192.0.2.1 80
in_client "$PEERS/echo" 127.0.0.1 80 &
in_client "$PEERS/echo" ::1 80 &
in_client "$PEERS/echo" 192.0.2.2 80 &
for protocol in tcp udp; do
	for addr in 198.51.100.10 2001:db8:1::10 192.0.2.1; do
		check "before the fence $protocol $addr is reached" reaches $protocol "$addr" 80
	done
done
check 'before the fence a name resolves' resolves
check 'before the fence a connection comes in' busywait 5000 \
	"$PEERS/probe" open tcp 192.0.2.2 80 100

check 'the fence goes up' netpale apply --policy none
for protocol in tcp udp; do
	for addr in 198.51.100.10 2001:db8:1::10 192.0.2.1; do
		check "$protocol $addr is refused at once" refused_fast $protocol "$addr" 80
	done
	for addr in 127.0.0.1 ::1 192.0.2.2; do
		check "$protocol $addr, ourselves, is reached" reaches $protocol "$addr" 80
	done
	check "DNS over $protocol is refused at once" refused_fast $protocol 198.51.100.53 53
done
refute 'no name resolves' resolves
check 'no connection comes in' "$PEERS/probe" refused tcp 192.0.2.2 80 50

check 'a command starts behind it' netpale run --policy none -- \
	"$PEERS/probe" open tcp 127.0.0.1 80 1000
check 'and is refused everything else' netpale run --policy none -- \
	"$PEERS/probe" refused tcp 198.51.100.10 80 50
