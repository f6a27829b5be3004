#!/bin/bash
# A name, address, network, port, range and protocol that the policy lists is reached, over IPv4
# and IPv6; everything else is refused at once: TCP by a reset, UDP by EPERM at the sender. From
# outside only the listed ports are open.
. "${0%/*}/lib.sh"

allowed='
	tcp 198.51.100.10 80      an address
	udp 198.51.100.10 80      an address
	tcp 198.51.100.11 443     one port
	udp 198.51.100.11 443     one port, both protocols
	tcp 198.51.100.12 5432    one protocol
	udp 198.51.100.13 123     one protocol
	tcp 203.0.113.12 8000     the first of a network and the first of a range
	udp 203.0.113.15 8099     the last of a network and the last of a range
	tcp 198.51.100.14 2222    a name
	tcp 2001:db8:1::10 80     an address
	udp 2001:db8:1::10 80     an address
	tcp 2001:db8:1::11 443    one port
	udp 2001:db8:1::11 443    one port, both protocols
	tcp 2001:db8:1::12 5432   one protocol
	udp 2001:db8:1::13 123    one protocol
	tcp 2001:db8:2::10 8000   the first of a network and the first of a range
	udp 2001:db8:2::13 8099   the last of a network and the last of a range
	tcp 2001:db8:1::14 2222   a name'
refused='
	tcp 198.51.100.15 80      an address that is not listed
	udp 198.51.100.15 80      an address that is not listed
	tcp 198.51.100.11 444     the port above
	udp 198.51.100.11 442     the port below
	udp 198.51.100.12 5432    the other protocol
	tcp 198.51.100.13 123     the other protocol
	tcp 203.0.113.11 8000     the address before a network
	tcp 203.0.113.16 8000     the address behind a network
	tcp 203.0.113.12 7999     the port before a range
	udp 203.0.113.15 8100     the port behind a range
	tcp 198.51.100.14 2223    another port of a name
	udp 198.51.100.14 2222    the other protocol of a name
	tcp 192.0.2.1 22          the router
	tcp 2001:db8:1::15 80     an address that is not listed
	udp 2001:db8:1::15 80     an address that is not listed
	tcp 2001:db8:1::11 444    the port above
	udp 2001:db8:1::11 442    the port below
	udp 2001:db8:1::12 5432   the other protocol
	tcp 2001:db8:1::13 123    the other protocol
	tcp 2001:db8:2::14 8000   the address behind a network
	tcp 2001:db8:2::10 7999   the port before a range
	udp 2001:db8:2::13 8100   the port behind a range
	tcp 2001:db8:1::14 2223   another port of a name
	tcp 2001:db8::1 22        the router'
inbound='
	tcp 192.0.2.2 3000        a port
	udp 192.0.2.2 3000        a port, both protocols
	tcp 192.0.2.2 5173        one protocol
	tcp 2001:db8::2 3000      a port'
not_inbound='
	tcp 192.0.2.2 3001        another port
	tcp 2001:db8::2 3001      another port'

each() { # LIST FUNCTION: for each line
	local protocol addr port words
	while read -r protocol addr port words; do
		[ -z "$protocol" ] || "$2" "$protocol" "$addr" "$port" "$words"
	done <<<"$1"
}
serve() { listens tcp "$2" "$3" || start_echo "$2" "$3"; }
serve_inside() { [ -n "$(in_client ss -Hltn src "$(host_port "$2" "$3")")" ] ||
	start_inside "$2" "$3"; }
start_inside() { # ADDR PORT
	in_client "$PEERS/echo" "$1" "$2" &
	busywait 5000 comes_in tcp "$1" "$2"
}
comes_in() { "$PEERS/probe" open "$1" "$2" "$3" 5000; }
was_open() { check "before the fence $1 $2 port $3 is reached" reaches "$1" "$2" "$3"; }
is_open() { check "$4: $1 $2 port $3 is reached" reaches "$1" "$2" "$3"; }
is_refused() { check "$4: $1 $2 port $3 is refused at once" refused_fast "$1" "$2" "$3"; }
came_in() { check "before the fence $1 $2 port $3 comes in" comes_in "$1" "$2" "$3"; }
is_let_in() { check "inbound, $4: $1 $2 port $3 comes in" comes_in "$1" "$2" "$3"; }
is_kept_out() { check "inbound, $4: $1 $2 port $3 is refused at once" \
	"$PEERS/probe" refused "$1" "$2" "$3" 50; }

start_dns 198.51.100.53 <<-'END'
	198.51.100.14 api.example.com
	2001:db8:1::14 api.example.com
END
each "$allowed$refused" serve
each "$inbound$not_inbound" serve_inside
each "$allowed$refused" was_open
each "$inbound$not_inbound" came_in

cat >policy.yml <<-'END'
	network:
	  allow:
	    - 198.51.100.10
	    - 198.51.100.11:443
	    - 198.51.100.12:5432/tcp
	    - 198.51.100.13:123/udp
	    - 203.0.113.12/30:8000-8099
	    - host: api.example.com
	      ports: [2222/tcp]
	      private: true
	    - 2001:db8:1::10
	    - "[2001:db8:1::11]:443"
	    - "[2001:db8:1::12]:5432/tcp"
	    - "[2001:db8:1::13]:123/udp"
	    - "[2001:db8:2::10/126]:8000-8099"
	  inbound: [3000, 5173/tcp]
END
check 'the fence goes up' netpale apply -f policy.yml
each "$allowed" is_open
each "$refused" is_refused
each "$inbound" is_let_in
each "$not_inbound" is_kept_out
check 'inbound, the other protocol: udp 192.0.2.2 port 5173 is refused at once' \
	"$PEERS/probe" unreachable udp 192.0.2.2 5173 50

check 'a closed port of an allowed host says so' probe unreachable udp 198.51.100.10 9 1000
echoed() { head -c 4000 /dev/zero | in_client socat -b 4000 -t 1 - "UDP:$1:80" | wc -c; }
check 'a datagram in fragments goes there and back' same 4000 "$(echoed 198.51.100.10)"
check 'a datagram in fragments goes there and back, IPv6' same 4000 "$(echoed '[2001:db8:1::10]')"

in_client "$PEERS/echo" 127.0.0.1 4000 &
in_client "$PEERS/echo" ::1 4000 &
check 'loopback is open' busywait 5000 probe open tcp 127.0.0.1 4000 100
check 'loopback is open, IPv6' busywait 5000 probe open udp ::1 4000 100
check 'ping is refused at once' within 500 \
	says <(in_client ping -n -c 1 -W 5 198.51.100.15 2>&1) 'not permitted|[Pp]rohibited'
