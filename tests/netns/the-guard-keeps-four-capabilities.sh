#!/bin/bash
# What the kernel says of the guard and its forwarder, and that neither the agent nor another root can
# look into them.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"

echo 'network: { dns: guarded, allow: [ 198.51.100.10 ] }' | write_policy
# With something to lose: a descriptor, groups, an environment.
exec 9</etc/passwd
export SECRET=of-the-container
start_run -f $POLICY -- tail -f /dev/null
agent=$(agent) forwarder=$(forwarder)

is() { # PID PATTERN
	says "/proc/$1/status" "^${2//: /:[[:space:]]+}[[:space:]]*$"
}
# NET_ADMIN 12, KILL 5, SETUID 7, SETGID 6
four=00000000000010e0 nothing=0000000000000000
for line in "CapEff: $four" "CapPrm: $four" "CapInh: $nothing" "CapAmb: $nothing" "CapBnd: $nothing" \
	'NoNewPrivs: 1'; do
	check "guard: $line" is "$guard" "$line"
done
for line in 'Uid: 64783.64783.64783.64783' 'Gid: 64783.64783.64783.64783' 'Groups: ' \
	"CapEff: $nothing" "CapPrm: $nothing" "CapInh: $nothing" "CapAmb: $nothing" "CapBnd: $nothing" \
	'NoNewPrivs: 1' 'Seccomp: 2' 'SigBlk: 0+' 'SigIgn: 0+'; do
	check "forwarder: $line" is "$forwarder" "$line"
done

descriptors() { find "/proc/$1/fd" -type l -printf '%l\n' | sort -u; } # PID: what they are
descriptors $$ >given # by this script, as by the container
no_file_but() { # PID PATTERN: of anything that is neither socket nor pipe nor made for the guard
	local files
	files=$(descriptors "$1" | grep -vE "socket:|pipe:|anon_inode:|$2" | grep -Fxvf given) || return 0
	echo "$files"
	return 1
}
check 'the forwarder has no file' no_file_but "$forwarder" '^/dev/null$|guard\.said$'
check 'nor has the guard, but copies, what it was given, and what it records' \
	no_file_but "$guard" '^/dev/null$|guard\.said$|^/memfd:|^/run/netpale/refused(\.old)?\.jsonl$'
check 'what it was given the forwarder has not' not says <(descriptors "$forwarder") '^/etc/passwd$'
count=$(find "/proc/$forwarder/fd" -type l | wc -l)
check "the forwarder has no more sockets than it is given: $count" test "$count" -le 170
check 'it has no netlink socket' not says <(in_client ss -Hfnetlink -p 2>/dev/null | grep "netfilter") "pid=$forwarder,"
check 'the forwarder has no environment' same "$(tr '\0' '\n' <"/proc/$forwarder/environ")" ''

# Whom the kernel lets look: nobody but who may trace everybody.
by_agent() { setpriv --reuid=1000 --regid=1000 --clear-groups --bounding-set=-all --inh-caps=-all -- "$@"; }
# As root in a container that was given NET_ADMIN.
container=+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw
container=$container,+sys_chroot,+mknod,+audit_write,+setfcap,+net_admin
by_root() { setpriv --bounding-set=-all,$container --inh-caps=-all -- "$@"; }
by_worker() { setpriv --reuid=64783 --regid=64783 --clear-groups --bounding-set=-all --inh-caps=-all -- "$@"; }
cat >look.py <<-'END'
	import ctypes, os, sys
	pid, way = int(sys.argv[1]), sys.argv[2]
	if way == "trace":
	    libc = ctypes.CDLL(None, use_errno=True)
	    PTRACE_SEIZE = 0x4206
	    if libc.ptrace(PTRACE_SEIZE, pid, 0, 0) < 0:
	        sys.exit("refused: " + os.strerror(ctypes.get_errno()))
	elif way == "descriptors":
	    os.readlink("/proc/%d/fd/0" % pid)
	else:
	    open("/proc/%d/%s" % (pid, way), "rb").close()
	print("open")
END
for way in mem trace environ maps descriptors; do
	check "who may trace everybody sees it: $way" python3 look.py "$guard" $way
	for who in by_agent by_root by_worker; do
		refute "$who does not look into the guard: $way" $who python3 look.py "$guard" $way
		refute "$who does not look into the forwarder: $way" $who python3 look.py "$forwarder" $way
	done
done
refute 'the agent does not signal the guard' by_agent kill -TERM "$guard"
refute 'nor the forwarder' by_agent kill -TERM "$forwarder"
check 'all three live' eval "alive $guard && alive $forwarder && alive $agent"

# The next forwarder is as the first.
kill -KILL "$forwarder"
check 'another forwarder' busywait 5000 another_forwarder "$forwarder"
serves
forwarder=$(forwarder)
for line in 'Uid: 64783.64783.64783.64783' 'Groups: ' "CapEff: $nothing" "CapBnd: $nothing" 'Seccomp: 2'; do
	check "the next forwarder: $line" is "$forwarder" "$line"
done
check 'it has as many descriptors' same "$(find "/proc/$forwarder/fd" -type l | wc -l)" "$count"
