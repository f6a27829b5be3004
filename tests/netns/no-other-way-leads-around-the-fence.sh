#!/bin/bash
# Sockets that netfilter does not see, and the doors by which one gets them. Each way is first
# shown to be open to somebody without a fence.
. "${0%/*}/lib.sh"

echo 'network: { allow: [ 198.51.100.10 ] }' >policy.yml
as_pid_1() { in_client unshare --pid --fork --mount-proc -- "$@"; }
fenced() { netpale run -q -f policy.yml -- "$@"; }
fenced_beside_init() { as_pid_1 "$NETPALE" run -q -f policy.yml -- "$@"; }

# It was tried and refused, or the attempt was deadly (SIGSYS); not merely "failed".
comes_to_nothing() { # COMMAND...
	local status=0
	"$@" >attempt 2>&1 || status=$?
	cat attempt
	case $status in
	1 | 2) says attempt '^refused: ' ;;
	159) ;;
	*) return 1 ;;
	esac
}

for way in packet packet-by-its-old-name raw4 raw6 mark netfilter netfilter-with-high-bits \
	io_uring vsock vsock-with-high-bits vsock-through-io_uring vsock-through-i386 \
	vsock-through-socketcall vsock-through-x32 become-root type-into-the-terminal; do
	status=0
	in_client "$PEERS/escape" "$way" >unfenced 2>&1 || status=$?
	case $status in
	64) continue ;; # not on this architecture
	2) echo "this kernel has no $way" ;;
	*) check "without a fence: $way" same "$status $(cat unfenced)" '0 open' ;;
	esac
	check "nothing comes of: $way" comes_to_nothing fenced "$PEERS/escape" "$way"
done

check 'without a fence: join-the-network-of-pid-1' as_pid_1 \
	"$BASH" -c "'$PEERS/escape' join-the-network-of-pid-1; exit \$?"
for way in trace-pid-1 memory-of-pid-1; do
	check "of one's own PID 1: $way" as_pid_1 setpriv --reuid=1000 --regid=1000 \
		--clear-groups "$BASH" -c "'$PEERS/escape' $way; exit \$?"
done
for way in join-the-network-of-pid-1 trace-pid-1 memory-of-pid-1; do
	check "nothing comes of: $way" comes_to_nothing \
		fenced_beside_init "$PEERS/escape" "$way"
	check "nor where nothing was dropped: $way" comes_to_nothing as_pid_1 setpriv --reuid=1000 \
		--regid=1000 --clear-groups "$NETPALE" exec -q -- "$PEERS/escape" "$way"
done

# Where a kernel forbids it by itself, the number is another (EIO).
check 'typing is refused by the filter' says \
	<(fenced "$PEERS/escape" type-into-the-terminal 2>&1) '^refused: Operation not permitted'

check 'what programs need is left to them' fenced "$PEERS/escape" ordinary-sockets
check 'a debugger works' fenced strace -o /dev/null true
check 'a sandbox of its own works' fenced unshare --user --map-root-user true
