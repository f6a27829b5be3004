#!/bin/bash
# | sendmsg past a connection, sendmmsg, reconnecting, corking, zero copy, sendfile, splice, segmentation | arrive | refused | chain egress, its end |
# | TCP Fast Open, MPTCP, UDP-Lite, a simultaneous open | arrive | refused | chain egress, its end |
# | QUIC to who is allowed for TCP, another port of who is allowed | arrive | refused | sets ports4 and ports6 |
. "${0%/*}/lib.sh"
. "${0%/*}/ways.bash"

RIGHTLY=" > $ALLOWED\.443: "
in_client sysctl -qw net.ipv4.tcp_fastopen=1
ways 'other ways to send' <<-END
	from-connected udp 203.0.113.11 2001 $ALLOWED
	reconnected udp 203.0.113.11 2002 $ALLOWED
	reconnected tcp 203.0.113.11 2003 $ALLOWED
	two-at-once udp 203.0.113.11 2004 $ALLOWED
	zerocopy udp 203.0.113.11 2005
	zerocopy udp 2001:db8:2::11 2005
	sendfile udp 203.0.113.11 2006
	sendfile udp 2001:db8:2::11 2006
	splice udp 203.0.113.11 2007
	splice udp 2001:db8:2::11 2007
	cork udp 203.0.113.11 2008
	segments udp 203.0.113.11 2009
	segments udp 2001:db8:2::11 2009
	fast-open tcp 203.0.113.11 2010 | 203.0.113.11.2010: tcp 12
	fast-open tcp 2001:db8:2::11 2010 | 2001:db8:2::11.2010: tcp 12
	fast-open-connect tcp 203.0.113.11 2011 | 203.0.113.11.2011: tcp 12
	mptcp tcp 203.0.113.11 2012
	mptcp tcp 2001:db8:2::11 2012
	udplite udp 203.0.113.12 2013 | 203.0.113.12
	udplite udp $ALLOWED 443 | $ALLOWED
END

RIGHTLY='^$' untouched=()
policy <<-END
	allow:
	  - $ALLOWED:443/tcp
	  - $ALLOWED:$MARK/udp
END
ways 'the wrong protocol or port' <<-END
	plain udp $ALLOWED 443
	plain udp $ALLOWED 442
	plain tcp $ALLOWED $MARK
	fast-open tcp $ALLOWED 444 | $ALLOWED.444: tcp 12
END
