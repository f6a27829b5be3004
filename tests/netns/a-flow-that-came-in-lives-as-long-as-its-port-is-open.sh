#!/bin/bash
# A flow that came in through a listed port lives through a new apply, whichever end speaks first,
# and ends with a policy that does not list the port. A listed range does not keep alive what went
# out from a port in it.
. "${0%/*}/lib.sh"

inward() { # NAME PROTOCOL PORT: a flow from the world to a server in the client
	mkfifo "$1.in.ask"
	: >"$1.in.log"
	exec {asking}<>"$1.in.ask"
	in_client "$PEERS/flow" listen "$2" 192.0.2.2 "$3" <"$1.in.ask" >>"$1.in.log" 2>&1 \
		{asking}>&- &
	busywait 5000 in_client "$BASH" -c "[ -n \"\$(ss -Hln --$2 src 192.0.2.2:$3)\" ]"
	mkfifo "$1.out.ask"
	: >"$1.out.log"
	exec {asking}<>"$1.out.ask"
	"$PEERS/flow" connect "$2" 192.0.2.2 "$3" <"$1.out.ask" >>"$1.out.log" 2>&1 {asking}>&- &
	is_open "$1.out" && is_open "$1.in"
}
apply() { netpale apply -q --policy restricted "$@"; }
policy() { # INBOUND
	echo "network: { allow: [198.51.100.10], inbound: $1 }" >policy.yml
	netpale apply -q -f policy.yml
}

check 'the fence goes up' policy '[3000, 3001]'
for protocol in tcp udp; do
	check "$protocol comes in" inward first.$protocol $protocol 3000
	check "$protocol comes in once more" inward second.$protocol $protocol 3001
	check 'and lives' lives first.$protocol.out
done
check 'the same policy again' policy '[3000, 3001]'
for protocol in tcp udp; do
	check "the server speaks first: $protocol lives" lives first.$protocol.in
	check "the client speaks first: $protocol lives" lives second.$protocol.out
	check 'and the other way' lives second.$protocol.in
done
check 'a policy without one port' policy '[3000]'
for protocol in tcp udp; do
	check "$protocol to the listed port lives" lives first.$protocol.in
	check "$protocol to the other has ended, the server speaking" ended second.$protocol.in
	check "$protocol to the other has ended" ended second.$protocol.out
done

# Out of a port that the next policy opens inwards.
in_client "$BASH" -c 'echo 40000 40999 >/proc/sys/net/ipv4/ip_local_port_range'
check 'another host is allowed' apply --allow 203.0.113.10
for protocol in tcp udp; do
	flow pushing.$protocol listen $protocol 203.0.113.10 7000
	busywait 5000 listens $protocol 203.0.113.10 7000
	open_flow pushed.$protocol $protocol 203.0.113.10 7000
	is_open pushing.$protocol
	check "$protocol goes out and lives" lives pushing.$protocol
done
check 'then it is not, but the port is open inwards' policy '[40000-40999]'
for protocol in tcp udp; do
	check "the $protocol flow has ended, the far side speaking" ended pushing.$protocol
	check "the $protocol flow has ended" ended pushed.$protocol
done
