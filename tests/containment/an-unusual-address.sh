#!/bin/bash
# | IPv4 in IPv6: ::ffff:0:0/96 on a socket, 64:ff9b::/96, 2002::/16, ::a.b.c.d | arrive | refused | chain egress, its end |
# | The router's own addresses, link-local ones, 169.254.0.0/16, reserved ones | arrive | refused | chain egress, its end |
. "${0%/*}/lib.sh"
. "${0%/*}/ways.bash"

router=$(ip -6 -o addr show dev wire scope link | sed 's|.*inet6 \([^/]*\)/.*|\1|')
ways 'addresses that embed another, or are special' <<-END
	plain udp ::ffff:203.0.113.11 2001 | 203.0.113.11.2001: UDP
	plain tcp ::ffff:203.0.113.11 2002 | 203.0.113.11.2002: tcp
	plain udp ::ffff:$ALLOWED 2003 | $ALLOWED.2003: UDP
	plain udp 64:ff9b::203.0.113.11 2004 | 64:ff9b::cb00:710b.2004: UDP
	plain tcp 64:ff9b::203.0.113.11 2005 | 64:ff9b::cb00:710b.2005: tcp
	plain udp 64:ff9b::$ALLOWED 443 | 64:ff9b::c633:640a.443: UDP
	plain udp 2002:cb00:710b::1 2006
	plain udp 2002:c633:640a::1 443
	plain udp ::203.0.113.11 2007 | ::203.0.113.11.2007: UDP
	plain udp ::$ALLOWED 443 | ::198.51.100.10.443: UDP
	plain udp 192.0.2.1 2008
	plain tcp 192.0.2.1 2009
	plain udp 2001:db8::1 2008
	plain udp $router%eth0 2010 | $router.2010: UDP
	plain tcp $router%eth0 2011 | $router.2011: tcp
	plain udp 169.254.169.254 80
	plain tcp 169.254.169.254 80
	plain udp 169.254.1.1 2012
	plain udp 100.64.0.1 2013
	plain udp 10.0.0.1 2013
	plain udp 192.168.1.1 2013
	plain udp fd00:ec2::254 80
	plain udp fec0::1 2013
	plain udp 240.0.0.1 2014
	plain udp $ALLOWED 444
	plain tcp $ALLOWED 444
END
