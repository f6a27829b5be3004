#!/bin/bash
# | sockets that a root process hands over by AF_UNIX: UDP, TCP, raw | send | refused | chain egress: it does not ask whose a socket is |
# | netfilter's netlink socket, handed over so | changes the ruleset for who has NET_ADMIN | refused | the kernel asks opener and sender |
# | a root's socket left open by who starts netpale | sends | closed | the drop |
# | the same as standard input, output, error | sends | refused | chain egress |
. "${0%/*}/lib.sh"
use_static
STANCES=(resolvers guarded)

start_echo 203.0.113.10 7
hand() { # KIND WHO...: root hands one, WHO takes it
	rm -f door
	in_client "$PEERS/hand" give "$1" "$WORK/door" 203.0.113.10 7 &
	busywait 5000 test -S door && "${@:2}" "$PEERS/hand" take "$WORK/door"
}
for kind in udp tcp raw; do
	no_fence
	check "unfenced: a $kind socket of root's sends" gets_out hand $kind unfenced
	for stance in "${STANCES[@]}"; do
		ready "$stance"
		check "$stance: not one behind a fence: $kind" stays_in hand $kind fenced
		check "$stance: it was tried" says attempt.log '^hand: take: '
		check "$stance: nor is the fence changed by it: $kind" stands_as "${untouched[$stance]}"
	done
done

no_fence
tables() { in_client nft list tables; }
check "root's netlink socket adds a table for root" hand netfilter in_client
check 'there it is' says <(tables) '^table inet handed$'
no_fence
for stance in "${STANCES[@]}"; do
	ready "$stance"
	refute "$stance: it does nothing for the agent" hand netfilter fenced
	check "$stance: though root opened it" says <(hand netfilter fenced 2>&1) 'take: Operation not permitted'
	check "$stance: there is no other table" same "$(tables)" 'table inet netpale'
done

# Left open: a socket, connected; as one of 0, 1 and 2 it stays, and is fenced.
with_socket() { # FD COMMAND...
	in_client "$BASH" -c 'exec '"$1"'<>/dev/udp/203.0.113.10/7 && exec "$@"' - "${@:2}"
}
through() { # FD COMMAND...: the command's agent writes there
	with_socket "$1" "${@:2}" "$BASH" -c "echo out >&$1"
}
as_uid_1000=(setpriv --reuid=1000 --regid=1000 --clear-groups --bounding-set=-all --inh-caps=-all --)
as_pid_1=(unshare --pid --fork --kill-child --mount-proc --)
start=("$NETPALE" run -q -f /run/etc/policy.yml --)
for fd in 0 1 2 7; do
	no_fence
	check "unfenced: descriptor $fd sends" gets_out through $fd "${as_uid_1000[@]}"
	for stance in "${STANCES[@]}"; do
		ready "$stance"
		check "$stance: nothing by descriptor $fd, behind PID 1" stays_in through $fd "${as_pid_1[@]}" "${start[@]}"
		check "$stance: nor by exec" stays_in through $fd "$NETPALE" exec -q --
		check "$stance: nor is the fence changed by it" stands_as "${untouched[$stance]}"
	done
done

# All that there are.
# shellcheck disable=SC2016 # the agent's shell expands it
fds='for fd in /proc/self/fd/*; do [ ! -e "$fd" ] || echo "${fd##*/}"; done'
check 'unfenced: 7 is there' says <(with_socket 7 "${as_uid_1000[@]}" "$BASH" -c "$fds") '^7$'
for stance in "${STANCES[@]}"; do
	stance "$stance"
	for how in run exec; do
		start=("${as_pid_1[@]}" "$NETPALE" run -q -f /run/etc/policy.yml --)
		[ $how = run ] || start=("$NETPALE" exec -q --)
		check "$stance: the agent of $how has three descriptors" same '0 1 2' \
			"$(with_socket 7 "${start[@]}" "$BASH" -c "$fds" | xargs)"
	done
done
no_fence
stance guarded
# Of root's and everybody's files, sockets but its own, the forwarder has none.
with_socket 7 "$BASH" -c "\"$NETPALE\" guard -q -f /run/etc/policy.yml & guard=\$!
	until [ -e /run/netpale/status.json ]; do sleep 0.02; done
	readlink /proc/\$(pgrep -P \$guard -u 64783)/fd/*; kill \$guard" >forwarders.log 2>&1 || :
check "the forwarder has its sockets" says forwarders.log '^socket:'
check 'and nothing else' same '/dev/null anon_inode:[eventpoll]' \
	"$(grep -vE '^(socket:|pipe:|/run/test/forwarders.log)' forwarders.log | sort -u | xargs)"
