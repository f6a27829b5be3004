#!/bin/bash
# What the kernel says about the agent, whichever way it was started.
. "${0%/*}/lib.sh"

echo 'network: { allow: [ 198.51.100.10 ] }' >policy.yml
as_pid_1() { in_client unshare --pid --fork --mount-proc -- "$NETPALE" "$@"; }

# With something to take: a root of many groups, a file left open.
start_as_pid_1() {
	exec 7</etc/passwd
	in_client setpriv --groups 4,24,1000 \
		unshare --pid --fork --mount-proc -- "$NETPALE" run -q -f policy.yml -- "$@"
}
start_plainly() { netpale run -q -f policy.yml -- "$@"; }
enter_as_root() { as_pid_1 exec -- "$@"; }
enter_as_agent() {
	in_client setpriv --reuid=1000 --regid=1000 --clear-groups -- "$NETPALE" exec -- "$@"
}
check_status() { # HOW PATTERN...
	local how=$1 pattern
	shift
	"$how" cat /proc/self/status >"$how.status" 2>&1 || :
	for pattern; do
		check "$how: $pattern" says "$how.status" "^${pattern//: /:[[:space:]]+}[[:space:]]*$"
	done
}
nothing=0000000000000000
losses=("CapInh: $nothing" "CapPrm: $nothing" "CapEff: $nothing" "CapAmb: $nothing"
	'NoNewPrivs: 1' 'Seccomp: 2' 'Uid: 1000.1000.1000.1000' 'Gid: 1000.1000.1000.1000'
	'Groups: ' 'SigBlk: 0+' 'SigIgn: 0+')

for how in start_as_pid_1 start_plainly enter_as_root; do
	check_status "$how" "${losses[@]}" "CapBnd: $nothing"
done
check_status enter_as_agent "${losses[@]}"

check 'a descriptor above 2 would be seen' in_client "$PEERS/escape" a-descriptor-above-2 7</dev/null
for how in start_as_pid_1 start_plainly enter_as_root enter_as_agent; do
	"$how" "$PEERS/escape" a-descriptor-above-2 >descriptor 2>&1 || :
	check "$how: no other descriptor" same "$(cat descriptor)" 'refused: Bad file descriptor'
done

# The init beside the agent.
start_as_pid_1 cat /proc/1/status >init.status 2>&1 || :
for line in "CapPrm: $nothing" "CapEff: $nothing" "CapBnd: $nothing" 'Uid: 1000.1000.1000.1000'; do
	check "PID 1: $line" says init.status "^${line//: /:[[:space:]]+}$"
done
start_as_pid_1 ls /proc/1/fd/ >fds 2>&1 || :
check 'the agent does not look into PID 1' says fds 'Permission denied'

# Its surroundings.
start_plainly env >environment
check 'HOME without an entry in /etc/passwd' says environment '^HOME=/$'
check 'SHELL' says environment '^SHELL=/bin/sh$'
netpale run -q -u nobody -f policy.yml -- sh -c 'env; id -un; id -G' >environment
check 'USER by name' says environment '^USER=nobody$'
check 'LOGNAME by name' says environment '^LOGNAME=nobody$'
check 'the group by name' says environment '^65534$'
refute 'no root without being asked for' netpale run -q -u root -f policy.yml -- true
netpale run -q -u root --allow-root -f policy.yml -- cat /proc/self/status >root.status 2>&1 || :
for line in 'Uid: 0.0.0.0' "CapPrm: $nothing" "CapEff: $nothing" "CapBnd: $nothing" 'NoNewPrivs: 1'; do
	check "as root: $line" says root.status "^${line//: /:[[:space:]]+}$"
done
