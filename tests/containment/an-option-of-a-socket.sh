#!/bin/bash
# | SO_BINDTODEVICE, IP_UNICAST_IF, IP_PKTINFO, SO_PRIORITY, one hop, source port 53 | arrive | refused | chain egress, its end |
# | SO_MARK, netpale's own too, and IP_TRANSPARENT: as root; in a user namespace of the agent's own | set | not permitted | the drop of capabilities |
. "${0%/*}/lib.sh"
. "${0%/*}/ways.bash"

# As Docker has it.
in_client sysctl -qw net.ipv4.ip_unprivileged_port_start=0

ways 'options of a socket' <<-END
	bound-to-device udp 203.0.113.11 2001 eth0
	bound-to-device tcp 203.0.113.11 2002 eth0
	bound-to-device udp 2001:db8:2::11 2001 eth0
	bound-to-device tcp 2001:db8:2::11 2002 eth0
	unicast-if udp 203.0.113.11 2003 eth0
	unicast-if udp 2001:db8:2::11 2003 eth0
	packet-info udp 203.0.113.11 2004 eth0
	packet-info udp 2001:db8:2::11 2004 eth0
	priority udp 203.0.113.11 2005
	one-hop udp 203.0.113.11 2006
	one-hop tcp 203.0.113.11 2007
	one-hop udp 2001:db8:2::11 2006
	from-port udp 203.0.113.11 2008 53
	from-port tcp 203.0.113.11 2009 53
	from-port udp 2001:db8:2::11 2008 53
	from-port tcp 2001:db8:2::11 2009 53
	own-capabilities udp 203.0.113.11 2010
END

CONTROL=unfenced_root
ways 'options that take NET_RAW' <<-END
	mark udp 203.0.113.11 2011 0x6e70616c
	mark udp 198.51.100.53 53 0x6e70616c
	mark udp 2001:db8:2::11 2011 0x6e70616c
	transparent udp 203.0.113.11 2012 203.0.113.99
	transparent tcp 2001:db8:2::11 2012 2001:db8:1::53
END
