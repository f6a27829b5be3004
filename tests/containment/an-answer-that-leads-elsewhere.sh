#!/bin/bash
# | an allowed name whose owner answers with another address (rebinding): private, link-local, metadata, the gateway, embedded in IPv6, of another name, with 600 at once | is reached | refused | answers are measured by `private` and the special ranges; only records that the question leads to count |
. "${0%/*}/lib.sh"

bad=(10.0.0.1 172.16.0.1 192.168.0.1 100.64.0.1 169.254.169.254 192.0.2.1 198.18.0.1 240.0.0.1)
bad6=(fd00:ec2::254 fd12::1 64:ff9b::a00:1 64:ff9b::a9fe:a9fe 2002:a00:1::1 2001:0:a00:1::1 fec0::1 2001:db8::1)
commas() { (IFS=, && echo "$*"); }
start udp 198.51.100.53 53 "$PEERS/dns" 198.51.100.53 53 quiet \
	"a=$(commas "${bad[@]}" 255.255.255.255 0.0.0.0)" \
	"aaaa=$(commas "${bad6[@]}" ::ffff:10.0.0.1 ::)"
RIGHTLY=' > 198\.51\.100\.53(\.53)?: ' # what may be asked, and that an answer came late

ip addr add 2001:db8::66/64 dev wire nodad

# Names enough that each address is told once by each start, and once to each agent.
{
	echo 'allow:'
	for name in n{0..9} metadata private unrelated loop halfway many; do
		echo "  - {host: $name.example.com, ports: [7]}"
	done
} | policy
cat >follow.py <<-'END'
	import socket, subprocess, sys, time
	names = ["n%d" % n for n in range(10)] + ["metadata", "private", "unrelated", "loop", "halfway", "many"]
	subprocess.call(["getent", "ahosts"] + [name + ".example.com" for name in names])
	tries = []
	for addr in sys.argv[1:]:
	    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
	        s = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET, kind)
	        s.setblocking(False)
	        tries.append(s)
	        try:
	            s.connect((addr, 7))
	            s.send(b"?")
	        except OSError:
	            pass
	time.sleep(0.1)
END
addrs=("${bad[@]}" "${bad6[@]}" 203.0.113.66 2001:db8::66 10.0.0.1 fd00::1 198.18.0.7)
STANCES=(resolvers pinned guarded)
way 'an answer that leads elsewhere' python3 follow.py "${addrs[@]}"
for addr in "${addrs[@]}"; do
	check "unfenced: a packet to $addr came" says wire.log " > ${addr//./\\.}\\.7: "
done
