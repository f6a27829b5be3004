#!/bin/bash
# | ptrace, memory, descriptors, files in /proc of PID 1, of the guard, of the forwarder | open, of a process of one's own user | refused | not dumpable, other uids |
# | signals to PID 1, to the guard, to the forwarder | end or stop a process of one's own user | refused, or passed on to the agent | PID 1, other uids |
# | limits, priority and processors of the guard and the forwarder | set, of a process of one's own user | refused | other uids |
# | the same of PID 1 without the guard, which has the agent's uid | set | at most the container ends | the kernel has the fence |
# | a process that outlives the agent, and PID 1 or the guard with it | sends | refused | the kernel has the fence |
. "${0%/*}/lib.sh"
use_static


# The ways into a process; and those that its own user always has, of which the last may end it.
# shellcheck disable=SC2016 # expanded by who tries them
FORWARDER='$(pgrep -u 64783)' OWN='$OWN'
into() { # PID
	for way in $("$PEERS/pry"); do echo "$PEERS/pry $way $1"; done
}
steer() { # PID
	for way in limit hold-back confine-to-a-processor a-signal; do echo "$PEERS/pry $way $1"; done
}
# A PID 1 that could be looked into, and beside it a process of one's own.
bare() { # COMMAND...
	in_client unshare --pid --fork --kill-child --mount-proc -- \
		setpriv --reuid=1000 --regid=1000 --clear-groups --bounding-set=-all --inh-caps=-all -- \
		"$BASH" -c 'tail -f /dev/null & export OWN=$!; "$@"; exit $?' - "$@"
}
into 1 >doors
check 'unfenced: the ways into PID 1' open_to doors bare
{
	into "$OWN"
	steer "$OWN"
} >own
check 'unfenced: the ways into a process' open_to own bare

STANCES=(resolvers)
shut_in_each_stance 'the ways into PID 1' doors
STANCES=(guarded)
{
	steer 1
	into "$FORWARDER"
	steer "$FORWARDER"
} >>doors
stance guarded
check 'the agent sees the forwarder' fenced pgrep -u 64783
shut_in_each_stance 'the ways into the guard and the forwarder' doors

# PID 1 without the guard has the agent's uid. It obeys a little, and the fence is not its own.
start_echo 203.0.113.10 7
try="\"$PEERS/probe\" open udp 203.0.113.10 7 50"
check 'unfenced: a datagram leaves' gets_out unfenced "$BASH" -c "$try"
ready resolvers
fenced true
refused_after() { # STATUS|STATUS... SCRIPT: the script ended so, what follows it sent nothing, and the fence stands
	local status=0
	stays_in fenced "$BASH" -c "$2
		$try" && stands_as "${untouched[resolvers]}" || return 1
	timeout 10 nsenter --net=/run/netns/client unshare --pid --fork --kill-child --mount-proc -- \
		"$NETPALE" run -q -f /run/etc/policy.yml -- "$BASH" -c "$2
		exit 7" || status=$?
	says <(echo "$status") "^($1)\$"
}
# They are forwarded to the agent, whose children have none of it.
signals="setsid \"$PEERS/pry\" signals 1"
check 'KILL and STOP, which PID 1 never sees' refused_after 7 'kill -KILL 1; kill -STOP 1; sleep 0.1'
check 'the other signals to PID 1 are for the agent' refused_after '1[2-9][0-9]' "$signals; sleep 0.1"
# Of the time that it may use nothing is left: the kernel ends it, and so the container.
check 'limits of nothing for PID 1' refused_after '7|137' "\"$PEERS/pry\" limit-all 1; sleep 0.1"
check 'signals to a PID 1 of no memory, files, processes, time' \
	refused_after '7|137' "\"$PEERS/pry\" limit-all 1; for i in {1..200}; do kill -CHLD 1; done"

# Where nothing ends with PID 1.
outlives() { # STANCE|unfenced: sends when all else has ended
	local later="setsid \"$BASH\" -c 'sleep 0.2; $try; : >sent' </dev/null >/dev/null 2>&1 &"
	rm -f sent
	case $1 in
	unfenced) unfenced "$BASH" -c "$later" ;;
	*) in_client "$NETPALE" run -q -f /run/etc/policy.yml -- "$BASH" -c "$later" ;;
	esac
	busywait 5000 test -e sent
}
no_fence
check 'unfenced: a process left behind sends' gets_out outlives unfenced
for stance in resolvers guarded; do
	stance $stance
	check "$stance: nothing leaves from one left behind" stays_in outlives $stance
	check "$stance: it was there" test -e sent
	no_fence
done
