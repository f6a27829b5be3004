#!/bin/bash
# | a connection, a UDP flow, a listening socket from before the fence, whoever speaks first, also where conntrack knew them | live | end; nobody comes in | marks that are new with each fence; chain input |
# | answering whoever sends first from outside: datagrams, a connection, a connection from the port to which one is begun | arrives | refused; the kernel's own resets and errors go back | chain input: what is refused leaves no flow |
# | out of a port that `inbound` opens, to who has not come in through it | arrives | refused | only flows that began inwards |
# | to whoever comes in through a port of `inbound`, and so to whose address a neighbour can send from | arrives | arrives: remains open | - |
. "${0%/*}/lib.sh"

PEER=203.0.113.10 OTHER=203.0.113.11 AGENT=192.0.2.2
come_in() { "$PEERS/probe" open "$1" $AGENT "$2" 500; } # tcp|udp PORT
serve_as_agent() { # PORT
	as_agent "$PEERS/echo" $AGENT "$1" >echo.said 2>&1 &
	serving=$!
	busywait 5000 in_client "$BASH" -c "[ -n \"\$(ss -Hltn src $AGENT:$1)\" ]"
}

# From before: what the agent has opened, each kept by a process of its own; ports are used once.
port=7000
flows_from_before() {
	local protocol
	port=$((port + 10))
	start_echo $PEER $port
	for protocol in tcp udp; do
		open_flow speaking.$protocol $protocol $PEER $port
		flow pushing.$protocol listen $protocol $OTHER $port
		busywait 5000 listens $protocol $OTHER $port
		open_flow pushed.$protocol $protocol $OTHER $port
		is_open pushing.$protocol
	done
	serve_as_agent $port
}
speak() {
	local protocol
	for protocol in tcp udp; do
		ask pushing.$protocol
		ask pushed.$protocol
		ask speaking.$protocol
		come_in $protocol $port
	done
}
each_says() { # lives|ended [not]
	local protocol name
	for protocol in tcp udp; do
		for name in speaking pushing pushed; do "$1" $name.$protocol || return 1; done
		"${@:2}" come_in $protocol $port || return 1
	done
}
for tracked in asleep active; do
	no_fence
	[ $tracked = asleep ] || in_client nft 'table inet tracker { chain outward {
		type filter hook output priority 0; ct state established,new counter; }; }'
	flows_from_before
	check "conntrack $tracked, unfenced: all live" each_says lives
	stance resolvers
	in_client "$NETPALE" apply -q -f /run/etc/policy.yml
	RIGHTLY=": tcp 0$| ICMP host $AGENT unreachable " # without a byte: resets, to who spoke first
	check "conntrack $tracked: whoever speaks, nothing of theirs comes over the wire" stays_in speak
	check "conntrack $tracked: they have ended, nobody comes in" each_says ended not
	kill $serving
	rm -f ./*.ask
done

# From outside: the first packet comes from where the agent wants to send to. The kernel's resets and
# errors are not counted.
nft -f - <<-END
	table netdev wire { chain seen { type filter hook ingress device wire priority 0; policy accept;
		ip daddr $PEER tcp dport 4000 tcp flags & rst == 0 counter
		ip daddr $PEER udp dport 4000 counter
	}; }
END
came() { nft -j list chain netdev wire seen | jq '[.. | .packets? // empty] | add'; }
cat >answer.py <<-'END'
	import socket, sys, time
	kind, port, peer = sys.argv[1], int(sys.argv[2]), ("203.0.113.10", 4000)
	for _ in range(10):
	    agent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
	    agent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	    agent.bind(("192.0.2.2", port))
	    agent.settimeout(0.05)
	    try:
	        if kind == "udp": # answers what has come
	            agent.recvfrom(100)
	        agent.connect(peer) # by TCP both begin
	        agent.send(b"secret")
	    except OSError:
	        time.sleep(0.01)
	    agent.close()
END
knock() { # tcp|udp PORT, again and again until "over" is there
	local i
	for ((i = 0; i < 500; i++)); do
		[ ! -e over ] || return 0
		echo hello | socat -u - "${1^^}:$AGENT:$2,bind=$PEER:4000,reuseaddr" || :
		nap
	done
}
answers() { # tcp|udp PORT RUNNER: how many packets
	local before
	before=$(came)
	rm -f over
	knock "$1" "$2" >knock.said 2>&1 &
	"$3" python3 answer.py "$1" "$2" >answer.said 2>&1 || :
	touch over
	wait $!
	echo $(($(came) - before))
}
no_fence
for protocol in tcp udp; do
	check "unfenced: an answer by $protocol comes out" test "$(answers $protocol 3001 unfenced)" -gt 0
done
policy <<-END
	allow: [ '$ALLOWED:443', '$ALLOWED:$MARK/udp' ]
	inbound: [3000]
END
for stance in resolvers guarded none; do
	stance $stance
	for protocol in tcp udp; do
		check "$stance: none by $protocol" same 0 "$(answers $protocol 3001 fenced)"
	done
done
stance resolvers
check 'but who comes in through a port that is open inwards gets one' test "$(answers udp 3000 fenced)" -gt 0

# Out of that port to somebody else.
start_echo $OTHER 9
RIGHTLY='^$' STANCES=(resolvers guarded)
for protocol in tcp udp; do
	way "$protocol out of a port that is open inwards" "$PEERS/probe" open $protocol $OTHER 9 500 3000
done
