#!/bin/bash
# | sending while PID 1, the guard or its forwarder is killed or stopped | arrives | not one packet | a table that no process holds open, or that stays without its holder |
# | taking all descriptors of the forwarder, all its connections | - | names are answered by UDP; it does not spin; afterwards by TCP, too | connections are bounded; one that cannot be taken is not tried all the time |
# | a guard without memory | - | refused as before, alive or not | what cannot be made leaves what stands |
. "${0%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../netns/guard.bash
. "${0%/*}/../netns/guard.bash"

start_dns 198.51.100.53 <<<"$ALLOWED www.example.com"
start_echo $ALLOWED 443
REFUSED=203.0.113.10
nft -f - <<-END
	table netdev wire { chain seen { type filter hook ingress device wire priority 0; policy accept;
		ip daddr $REFUSED counter drop
	}; }
END
came() { nft -j list chain netdev wire seen | jq '[.. | .packets? // empty] | add'; }
policy <<-END
	allow:
	  - $ALLOWED:443
	  - {host: www.example.com, ports: [443], private: true}
END

# Netpale as PID 1 of an agent that sends, and another sender in its network.
outer_gone() { not alive "$outer"; }
ends_with_its_container() { # SIGNAL
	local pid outer insisting sender before
	before=$(came)
	(exec nsenter --net=/run/netns/client -- unshare --pid --fork --kill-child --mount-proc -- \
		"$NETPALE" run -q -f $POLICY -- "$PEERS/insist" 250 $REFUSED 9 <silence >insisted 2>said) &
	outer=$!
	busywait 5000 pgrep -P $outer >/dev/null || return 1
	pid=$(pgrep -P $outer)
	busywait 5000 pgrep -x -u 1000 insist >/dev/null || { cat said; return 1; }
	exec {sender}> >(in_client "$PEERS/insist" 250 $REFUSED 9 >sent)
	insisting=$!
	read -rt 0.1 -u "$quiet" || :
	kill "-$1" "$pid"
	read -rt 0.2 -u "$quiet" || :
	[ "$1" != STOP ] || kill -KILL "$pid"
	busywait 5000 outer_gone || return 1
	wait $outer || :
	exec {sender}>&-
	wait $insisting
	same "$before" "$(came)"
}
mkfifo silence # an input that neither says nor ends
# shellcheck disable=SC2034
exec {silence}<>silence
check 'unfenced: the sender gets through' not same "$(came)" \
	"$(as_agent "$PEERS/insist" 1 $REFUSED 9 <silence >sent && came)"
for stance in resolvers pinned guarded; do
	stance $stance
	for signal in KILL STOP TERM; do
		check "$stance: PID 1 gets SIG$signal, and nothing comes out" ends_with_its_container $signal
	done
	in_client nft delete table inet netpale
done

# Nobody can be taken by TCP any more.
stance guarded
start_guard -f $POLICY
forwarder=$(forwarder)
ticks() { awk '{ print $14 + $15 }' "/proc/$forwarder/stat"; }
cat >knock.py <<-'END'
	import socket, sys, time
	held = []
	for _ in range(100):
	    tcp = socket.socket()
	    tcp.setblocking(False)
	    tcp.connect_ex(("198.51.100.53", 53))
	    held.append(tcp)
	print("held", flush=True)
	sys.stdin.read()
END
by_tcp() { as_agent dig +tcp +tries=1 +timeout=2 @198.51.100.53 www.example.com A +short >answer && says answer "^$ALLOWED"; }
by_udp() { as_agent dig +tries=1 +timeout=2 @198.51.100.53 www.example.com A +short >answer && says answer "^$ALLOWED"; }
held() { # WORDS
	local before
	: >held
	exec {holding}> >(as_agent python3 knock.py >held)
	holder=$!
	check "$1: a hundred connections" busywait 5000 says held held
	check "$1: a name is answered by UDP" by_udp
	before=$(ticks)
	read -rt 1 -u "$quiet" || :
	check "$1: the forwarder does not spin" test $(($(ticks) - before)) -le 5
	exec {holding}>&-
	wait $holder
	check "$1: the same forwarder" same "$forwarder" "$(forwarder)"
}
check 'a name is answered by TCP' by_tcp
descriptors=$(find "/proc/$forwarder/fd" -type l | wc -l)
held 'all connections'
check 'afterwards by TCP again' busywait 15000 by_tcp
stop_guard TERM
ulimit -Sn $((descriptors + 30)) # fewer than connections may be
start_guard -f $POLICY
ulimit -Sn hard
forwarder=$(forwarder)
held 'no descriptors'
check 'afterwards by TCP again' busywait 15000 by_tcp

# No memory for what it is told, by its own bound for addresses.
before=$(came)
exec {sender}> >(as_agent "$PEERS/insist" 250 $REFUSED 9 >sent)
insisting=$!
prlimit --pid "$guard" --as=4096:4096 # by which a sanitizer dies; that is no fault
in_client timeout 2 "$NETPALE" reload >/dev/null 2>&1 || :
as_agent dig +tries=1 +timeout=1 n.example.com A >/dev/null 2>&1 || :
alive "$guard" >/dev/null 2>&1 && echo '      the guard lives' || echo '      the guard has ended'
check 'without memory: nothing comes out' same "$before" "$(came)"
check 'without memory: what is refused stays refused' refused_fast tcp $REFUSED 9
kill -KILL "$guard" 2>/dev/null || :
dd if=/dev/zero of=sanitizer bs=4096 count=1 conv=notrunc status=none
read -rt 0.1 -u "$quiet" || :
exec {sender}>&-
wait $insisting
check 'nor when it is gone' same "$before" "$(came)"
