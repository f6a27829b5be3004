#!/bin/bash
# `policy: full` with `deny: [preset: lan]`: the internet is open, the local networks are closed
# but for the one database that is named.
. "${0%/*}/lib.sh"

lan='10.0.0.1 10.255.255.254 172.16.0.1 172.31.255.254 192.168.1.1 192.168.1.49 192.168.255.254
	fd00:db8::1 fe80::dead:beef%eth0'
internet='198.51.100.10 203.0.113.10 2001:db8:1::10 2001:db8:2::10'
for addr in $lan $internet 192.168.1.50; do
	case $addr in
	fe80*) ip addr add "${addr%%%*}/64" dev wire nodad
		"$PEERS/echo" "${addr%%%*}%wire" 5432 & ;;
	2001:*) start_echo "$addr" 5432 ;;
	*:*) ip addr add "$addr" dev lo nodad && start_echo "$addr" 5432 ;;
	*) ip addr replace "$addr" dev lo && start_echo "$addr" 5432 ;;
	esac
done
start_echo 192.168.1.50 5433
for addr in $lan $internet 192.168.1.50; do
	check "before the fence $addr is reached" reaches tcp "$addr" 5432
done

cat >policy.yml <<-'END'
	network:
	  policy: full
	  deny:
	    - preset: lan
	  allow:
	    - 192.168.1.50:5432
END
check 'the fence goes up' netpale apply -f policy.yml
for addr in $internet; do
	check "the internet is open: $addr" reaches tcp "$addr" 5432
	check "the internet is open to datagrams: $addr" reaches udp "$addr" 5432
done
for addr in $lan; do
	check "the LAN is refused at once: $addr" refused_fast tcp "$addr" 5432
	check "the LAN is refused to datagrams: $addr" refused_fast udp "$addr" 5432
done
check 'the one exception is open' reaches tcp 192.168.1.50 5432
check 'its other port is refused' refused_fast tcp 192.168.1.50 5433

in_client "$PEERS/echo" 192.0.2.2 3000 &
check 'inbound stays open, as full has it' busywait 2000 \
	"$PEERS/probe" open tcp 192.0.2.2 3000 500

# The networks' borders lie among other people's addresses: asked for, not sent to.
for addr in 9.255.255.255 11.0.0.0 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0; do
	check "beyond the border: $addr" netpale explain -f policy.yml "$addr:5432"
done
