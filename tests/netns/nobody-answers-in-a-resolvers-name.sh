#!/bin/bash
# Whoever shares the network knows from /proc which ports netpale asks from, and can bind a
# resolver's address: Docker's is on loopback, IPv6 lets anybody bind any. What is sent from there
# does not arrive; what a resolver answers from within this namespace does.
. "${0%/*}/lib.sh"

# As Docker has it, its resolver included.
in_client sysctl -qw net.ipv4.ip_unprivileged_port_start=0
in_client nft 'table ip docker { chain output { type nat hook output priority -100;
	ip daddr 127.0.0.11 udp dport 53 dnat to 127.0.0.11:40053; }; }'
in_client "$PEERS/dns" 127.0.0.11 40053 a=198.51.100.10 >docker.log 2>&1 &
busywait 5000 says docker.log ready
# What it says to netpale is netpale's to hear at its port 53.
in_client nft 'add chain ip docker post { type nat hook postrouting priority 100; }
	add rule ip docker post ip saddr 127.0.0.11 udp sport 40053 snat to :53'
start_dns 2001:db8:1::53 <<<'198.51.100.11 six.example.com'
cat >forge.py <<-'END'
	import socket, sys
	forged, victim, family = sys.argv[1], sys.argv[2], socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
	hears, says = (socket.socket(family, socket.SOCK_DGRAM) for _ in range(2))
	# Asks as netpale does: whatever conntrack holds of the flow counts for the forger too.
	if len(sys.argv) > 3:
	    hears.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 0x6e70616c)
	hears.bind((victim, 0))
	hears.connect((forged, 53))
	if len(sys.argv) > 3:
	    hears.send(b"no question")
	hears.settimeout(1)
	if family == socket.AF_INET6:
	    says.setsockopt(socket.IPPROTO_IPV6, 78, 1)  # IPV6_FREEBIND
	says.bind((forged, 53))
	try:
	    says.sendto(b"forged", hears.getsockname()[:2])
	except PermissionError:
	    sys.exit("refused")
	print(hears.recv(100))
END
forge() { in_client python3 forge.py "$@"; } # RESOLVER VICTIM [MARKED]

for addrs in '127.0.0.11 127.0.0.1' '2001:db8:1::53 2001:db8::2' '2001:db8:1::53 ::1'; do
	# shellcheck disable=SC2086
	check "before the fence one can speak from ${addrs% *} to ${addrs#* }" forge $addrs
done
printf 'nameserver 127.0.0.11\nnameserver 2001:db8:1::53\n# ExtServers: [2001:db8:1::53]\n' >resolv.conf
cat >policy.yml <<-'END'
	network:
	  dns: guarded
	  allow:
	    - {host: .example.com, ports: [7], private: true}
END
start_guard -f policy.yml
refused() { forge "$@" 2>forged && return 1; says forged '^refused$'; }
check 'behind it not as Docker' refused 127.0.0.11 127.0.0.1
check 'nor where netpale has asked' refused 127.0.0.11 127.0.0.1 marked
check 'nor as a resolver elsewhere' refused 2001:db8:1::53 2001:db8::2
check 'nor on loopback' refused 2001:db8:1::53 ::1
check 'nor in the flow that netpale began' refused 2001:db8:1::53 2001:db8::2 marked
check 'what Docker itself says is heard' \
	says <(in_client dig +short +tries=1 +timeout=5 container1.example.com A) '^198.51.100.10$'
