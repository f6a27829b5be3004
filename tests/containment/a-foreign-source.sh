#!/bin/bash
# | A datagram or connection from a foreign source address (IPV6_FREEBIND, no privilege needed) | arrives | dropped | chain output |
# | The answer to such a one, which goes to that address and quotes it: a refusal's, the kernel's own, a server's of the agent | arrives there | never sent: it was dropped | chain output |
. "${0%/*}/lib.sh"
. "${0%/*}/ways.bash"

# Whoever may come in could be made to: by a packet on loopback that says it came from outside.
policy <<-END
	allow:
	  - $ALLOWED:$MARK/udp
	  - "[2001:db8:1::10]:443"
	inbound: [3000]
END
router=$(ip -6 -o addr show dev wire scope link | sed 's|.*inet6 \([^/]*\)/.*|\1|')
THIEF=2001:db8:2::19
start_echo 2001:db8:1::10 443
in_client "$PEERS/echo" 2001:db8::2 3000 &
busywait 5000 in_client "$PEERS/probe" open udp 2001:db8::2 3000 500

# The last is the one that an answer is addressed to, wherever the packet itself goes.
ways 'foreign sources' <<-END
	foreign-source udp 2001:db8:2::11 2001 $THIEF
	foreign-source tcp 2001:db8:2::11 2002 $THIEF
	foreign-source udp 2001:db8:2::11 53 $THIEF
	foreign-source udp 2001:db8:2::11 2003 2001:db8:1::53
	foreign-source udp $router%eth0 2004 fe80::99%eth0 | $router.2004: UDP
	foreign-source udp 2001:db8:1::10 443 $THIEF
	foreign-source tcp 2001:db8:1::10 443 $THIEF
	foreign-source udp 2001:db8::2 2005 $THIEF | $THIEF: ICMP6, destination unreachable
	foreign-source tcp 2001:db8::2 2006 $THIEF | $THIEF\.[0-9]*: tcp 0
	foreign-source udp 2001:db8::2 3000 $THIEF | $THIEF\.[0-9]*: UDP
	foreign-source udp ::1 2007 $THIEF | $THIEF: ICMP6, destination unreachable
	foreign-source udp ::1 53 $THIEF | $THIEF: ICMP6, destination unreachable
END
