#!/bin/bash
# | A simultaneous open: a host outside connects to the port that the agent connects from | connects | the agent's SYN is refused, the host's too | chains egress, input |
# | MPTCP to an allowed host that names another address to go on with (ADD_ADDR) | goes on there | refused | chain egress: whoever sends, the kernel too |
# | Asking the link for a neighbour whose address carries 64 bits | asked | not asked: refused before | chain output |
. "${0%/*}/lib.sh"

start_echo 2001:db8:1::10 443
policy <<-END
	allow:
	  - $ALLOWED:443
	  - $ALLOWED:$MARK/udp
	  - "[2001:db8:1::10]:443"
END

# Each side sends a SYN and waits. No reset disturbs them: the wire loses these.
cat >meet.py <<-'END'
	import socket as s, sys, time
	me, my_port, peer, peer_port = sys.argv[1:]
	for _ in range(20):
	    fd = s.socket()
	    fd.setsockopt(s.SOL_SOCKET, s.SO_REUSEADDR, 1)
	    fd.bind((me, int(my_port)))
	    fd.settimeout(1.5)
	    try:
	        fd.connect((peer, int(peer_port)))
	        fd.sendall(b"hello")
	        print("met", fd.recv(99).decode())
	        break
	    except OSError as error:
	        print(error)
	        fd.close()
	        time.sleep(0.1)
END
meets() { # COMMAND...: as the agent
	timeout 3 python3 meet.py 203.0.113.12 4000 192.0.2.2 4001 >outside.log &
	local outside=$!
	"$@" timeout 2.5 python3 "$WORK/meet.py" 192.0.2.2 4001 203.0.113.12 4000 >inside.log 2>&1 || :
	wait $outside || :
	cat outside.log inside.log
	says outside.log '^met hello'
}
nft -f - <<-'END'
	table netdev peer {
		counter opened { }
		counter asked { }
		chain ingress {
			type filter hook ingress device wire priority 0
			ip daddr 203.0.113.12 tcp flags & (syn | ack) == syn counter name opened
			tcp sport 4001 tcp flags & rst == rst drop
			icmpv6 type nd-neighbor-solicit icmpv6 taddr 2001:db8::5ec:2e7 counter name asked
		}
	}
END
nft -f - <<-'END'
	table ip resets {
		chain output {
			type filter hook output priority 0
			tcp sport 4000 tcp flags & rst == rst drop
		}
	}
END
counted() { nft reset counter netdev peer "$1"; }
check 'unfenced: a simultaneous open' meets unfenced
check 'unfenced: by a SYN of the agent' says <(counted opened) 'packets [1-9]'
for stance in resolvers guarded; do
	stance "$stance"
	check "$stance: the two do not meet" not meets fenced
	check "$stance: no SYN leaves" says <(counted opened) 'packets 0'
	no_fence
done

# The kernel itself goes to where the allowed host says.
ip mptcp endpoint add 203.0.113.12 port 5000 signal
ip mptcp limits set subflows 4 add_addr_accepted 4
in_client ip mptcp limits set subflows 4 add_addr_accepted 4
cat >serve.py <<-'END'
	import socket as s
	fd = s.socket(s.AF_INET, s.SOCK_STREAM, 262)
	fd.setsockopt(s.SOL_SOCKET, s.SO_REUSEADDR, 1)
	fd.bind(("198.51.100.10", 443))
	fd.listen()
	while True:
	    peer, _ = fd.accept()
	    peer.sendall(b"hello")
	    peer.recv(99)
	    peer.close()
END
cat >ask.py <<-'END'
	import socket as s, time
	fd = s.socket(s.AF_INET, s.SOCK_STREAM, 262)
	fd.settimeout(2)
	fd.connect(("198.51.100.10", 443))
	fd.sendall(b"x")
	print(fd.recv(99))
	fd.sendall(b"y")
	time.sleep(0.3)
END
start tcp $ALLOWED 443 python3 serve.py
RIGHTLY=" > $ALLOWED\.443: "
way 'MPTCP to another address than the allowed one' python3 "$WORK/ask.py"
check 'unfenced: it was that address' says wire.log ' > 203\.0\.113\.12\.5000: tcp'
RIGHTLY='^$'

# Not in wire.log, which has no neighbour discovery.
tries() { # COMMAND...
	"$@" "$PEERS/probe" open udp 2001:db8::5ec:2e7 7 100 >attempt.log || :
	"$@" "$PEERS/probe" open tcp 2001:db8::5ec:2e7 7 100 >attempt.log || :
}
tries unfenced
check 'unfenced: a neighbour is asked for' says <(counted asked) 'packets [1-9]'
in_client ip neigh flush all
for stance in "${STANCES[@]}"; do
	stance "$stance"
	tries fenced
	check "$stance: it is not" says <(counted asked) 'packets 0'
	no_fence
done
