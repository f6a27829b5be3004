#!/bin/bash
# | names by another door: DNS over TLS, over QUIC and over HTTPS, DNS at an allowed address and at other ports, mDNS, LLMNR, NetBIOS, NAT-PMP and SSDP, to anybody, groups and the broadcast address | leaves | refused | chain egress, its end; ports 53 and 853 |
. "${0%/*}/lib.sh"

# To the resolver, to what is allowed at its port 443, and to another; every door is knocked at by UDP or TCP.
cat >knock.py <<'END'
import socket, struct
question = b"\x5e\x5e\1\0\0\1\0\0\0\0\0\0\6sesame\4evil\4test\0\0\1\0\1"
def knock(by, server, port):
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    s = socket.socket(family, socket.SOCK_DGRAM if by == "udp" else socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.settimeout(0.2)
    scope = socket.if_nametoindex("eth0") if server.startswith("ff02") else 0
    try:
        s.connect((server, port, 0, scope) if scope else (server, port))
        s.send(question if by == "udp" else struct.pack(">H", len(question)) + question)
    except OSError:
        pass
servers = ("198.51.100.53", "2001:db8:1::53", "203.0.113.10", "192.0.2.1")
for server in servers + ("198.51.100.10",):
    knock("tcp", server, 853)
    for port in (784, 853, 5353, 5355, 8853, 1053, 7753):
        knock("udp", server, port)
for server in servers:
    knock("udp", server, 443)
    knock("tcp", server, 443)
    knock("tcp", server, 5353)
for server in ("198.51.100.10", "203.0.113.10", "192.0.2.1"):
    knock("udp", server, 53)
    knock("tcp", server, 53)
for group, port in (("224.0.0.251", 5353), ("ff02::fb", 5353), ("224.0.0.252", 5355), ("ff02::1:3", 5355),
        ("192.0.2.255", 137), ("255.255.255.255", 137), ("239.255.255.250", 1900), ("192.0.2.1", 5351)):
    knock("udp", group, port)
END
way 'a name by another door' python3 knock.py
for door in {198.51.100.10,192.0.2.1}.53 198.51.100.53.{853,784,443,5353} 2001:db8:1::53.{853,5353} \
	203.0.113.10.443 198.51.100.10.{853,5353} 224.0.0.251.5353 ff02::fb.5353 224.0.0.252.5355 ff02::1:3.5355 192.0.2.255.137 255.255.255.255.137 \
	239.255.255.250.1900 192.0.2.1.5351; do
	check "unfenced: $door was knocked at" says wire.log " > ${door//./\\.}: "
done
