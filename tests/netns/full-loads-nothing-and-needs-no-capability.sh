#!/bin/bash
# `policy: full` fences nothing: no table is loaded, and neither root's capabilities nor root
# are needed to start.
. "${0%/*}/lib.sh"

loaded_nothing() { same '' "$(in_client nft list tables)"; }

start_echo 198.51.100.10 80
start_echo 2001:db8:1::10 80
printf 'network:\n  policy: full\n' >policy.yml

check 'root starts the command' same ran "$(netpale run -q -f policy.yml -- echo ran)"
check 'nothing was loaded' loaded_nothing
check 'everything is reached' netpale run -f policy.yml -- \
	"$PEERS/probe" open tcp 198.51.100.10 80 1000
check 'everything is reached, IPv6' netpale run -f policy.yml -- \
	"$PEERS/probe" open udp 2001:db8:1::10 80 1000
check 'the command is the agent all the same' same 1000 "$(netpale run -q -f policy.yml -- id -u)"
check 'root without NET_ADMIN starts it' in_client setpriv --inh-caps=-net_admin \
	--bounding-set=-net_admin -- "$NETPALE" run -f policy.yml -- true
check 'the agent without any capability starts it' as_agent "$NETPALE" run -f policy.yml -- true
check 'apply has nothing to do' as_agent "$NETPALE" apply -f policy.yml
check 'nothing was loaded' loaded_nothing

check 'a fence that stood comes down' netpale apply --policy none
refute 'now a table is loaded' loaded_nothing
check 'full again' netpale apply -f policy.yml
check 'nothing is loaded' loaded_nothing

check 'without DNS there is something to refuse' netpale apply -f policy.yml --dns pinned
refute 'so a table is loaded' loaded_nothing
