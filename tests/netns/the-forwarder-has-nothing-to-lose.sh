#!/bin/bash
# What the process is that reads the network's bytes, and when it ends.
. "${0%/*}/lib.sh"
. "${0%/*}/forwarder.bash"

start_upstream 198.51.100.53
exec 9</etc/passwd
serve upstream=198.51.100.53 allow=.example.com mark=0x6e70
works() { answers NOERROR '198\.51\.100\.10$' www.example.com A; }
check 'it works' works

nothing=0000000000000000
for line in 'Uid: 64783.64783.64783.64783' 'Gid: 64783.64783.64783.64783' 'Groups: ' 'NoNewPrivs: 1' \
	'Seccomp: 2' 'SigBlk: 0+' 'SigIgn: 0+' "CapInh: $nothing" "CapPrm: $nothing" \
	"CapEff: $nothing" "CapBnd: $nothing" "CapAmb: $nothing" 'Name: netpale' 'Threads: 1'; do
	check "$line" says "/proc/$forwarder/status" "^${line//: /:[[:space:]]+}[[:space:]]*$"
done
as_worker() { setpriv --reuid=64783 --regid=64783 --clear-groups --bounding-set=-all --inh-caps=-all -- "$@"; }
refute 'its own uid does not look into it' as_worker cat "/proc/$forwarder/environ"
check 'its environment is empty' same '' "$(tr -d '\0' <"/proc/$forwarder/environ")"
others() { find "/proc/$forwarder/fd" -mindepth 1 ! -lname 'socket:*' ! -lname 'anon_inode:*eventpoll*' -printf '%f %l\n' | grep -vE '^0 /dev/null$|^[12] .*/forwarder\.log$' || :; }
check 'no descriptor but its own' same "$(others)" ''
check 'four sockets of clients, 144 of upstream, the guard' \
	same "$(find "/proc/$forwarder/fd" -lname 'socket:*' | wc -l)" 149
check 'the arguments' same "$(tr '\0' ' ' <"/proc/$forwarder/cmdline")" 'netpale forwarder '

# What it is told.
refused_with() { # STATUS COMMAND PATTERN
	tell "$2"
	busywait 5000 says guard.log "^ended with $1" && says forwarder.log "$3"
}
check 'a descriptor that nobody asked for ends it' refused_with 65 descriptor 'too many descriptors'
wait "$guard" || :
serve upstream=198.51.100.53 allow=.example.com
check 'so does nonsense' refused_with 65 nonsense 'forwarder: message: there is no such type'
wait "$guard" || :
NETPALE_JSON=1 serve upstream=198.51.100.53 allow=.example.com
check 'which it can tell as JSON, too' refused_with 65 nonsense \
	'^\{"version":1,"level":"error","text":"forwarder: message: there is no such type"}$'
wait "$guard" || :

# The guard.
serve upstream=198.51.100.53 allow=.example.com
check 'it works' works
kill -STOP "$guard"
check 'a guard that does not answer costs an answer, in time' within 4900 answers SERVFAIL '' www.example.com A
seq -f 'a%g.example.com A' 3000 >flood
in_client dnsperf -p 7753 -s 127.0.0.1 -d flood -q 3000 -c 1 -n 1 -t 1 >flood.log 2>&1 || :
check 'nor does a flood of questions hang it' within 4900 answers SERVFAIL '' www.example.com A +tcp
kill -CONT "$guard"
check 'then it works again' busywait 20000 works
tell ping
check 'what there was no room for is counted' hears '^ALIVE .* dropped [1-9]'
tell leave
check 'it ends when the guard leaves' busywait 5000 says guard.log '^ended with 0$'
wait "$guard" || :
serve upstream=198.51.100.53 allow=.example.com
kill -KILL "$guard"
gone() { ! kill -0 "$forwarder" 2>/dev/null || grep -q '^State:.*Z' "/proc/$forwarder/status"; }
check 'and when the guard is killed' busywait 5000 gone
wait "$guard" 2>/dev/null || :

serve upstream=198.51.100.53 agent=64783
check 'it is nobody else'\''s uid' says "/proc/$forwarder/status" '^Uid:[[:space:]]+64784'
leave

# The start.
cp "$NETPALE" private
chmod 700 private
in_client "$PEERS/forwarder" ./private </dev/null >private.log 2>&1 || :
check 'a binary that only root may execute is named' \
	says private.log 'not started: forwarder: netpale must be executable for everybody .chmod 755.'
in_client setpriv --bounding-set=-setuid,-setgid --inh-caps=-all --reuid=1000 --clear-groups -- \
	"$PEERS/forwarder" "$NETPALE" </dev/null >unprivileged.log 2>&1 || :
check 'without privilege to give up nothing starts' says unprivileged.log 'not started: forwarder: '
typed() { local status=0; netpale "$@" || status=$?; [ "$status" = 64 ]; }
check 'it is no verb' typed forwarder
check 'which is said' says said "forwarder"
exec 3</dev/null
check 'nor with some descriptor 3' typed forwarder
check 'nor with an argument' typed forwarder now
