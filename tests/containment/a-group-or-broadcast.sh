#!/bin/bash
# | Broadcasts; multicast of any scope; mDNS, LLMNR, NetBIOS | arrive | refused | chain egress, its end |
# | Joining a group whose address carries 28 or 112 bits: IGMP and MLD reports | arrive | dropped | chains egress, output |
. "${0%/*}/lib.sh"
. "${0%/*}/ways.bash"

ways 'groups and broadcasts' <<-END
	broadcast udp 255.255.255.255 2001
	broadcast udp 192.0.2.255 2002
	broadcast udp 192.0.2.255 137
	multicast udp 224.0.0.251 5353
	multicast udp 224.0.0.252 5355
	multicast udp 239.255.255.250 1900
	multicast udp 239.1.2.3 2003
	multicast udp 233.252.0.1 2003
	multicast udp ff02::fb%eth0 5353 | ff02::fb.5353: UDP
	multicast udp ff02::1:3%eth0 5355 | ff02::1:3.5355: UDP
	multicast udp ff05::1234 2004 | ff05::1234.2004: UDP
	multicast udp ff0e::1234 2004 | ff0e::1234.2004: UDP
	joins - 239.77.1.2 0 | 224.0.0.22: igmp
	joins - ff05::77:1:2 0 | ff02::16: HBH ICMP6, multicast listener report
END
