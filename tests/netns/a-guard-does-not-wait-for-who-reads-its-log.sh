#!/bin/bash
# The agent may hold back the terminal that the guard writes to, and a log may not be taken: lines
# are lost then, and the guard goes on.
. "${0%/*}/lib.sh"

mkdir /run/policy
policy=/run/policy/policy.yml
printf 'network:\n  dns: guarded\n  allow: [198.51.100.10]\n' >$policy
start_echo 198.51.100.11 7
mkfifo log
exec {log}<>log
(exec nsenter --net=/run/netns/client -- "$NETPALE" guard -f $policy 2>log {log}>&-) &
guard=$!
busywait 10000 netpale status || { echo 'FAIL: no guard'; exit 1; }
netpale reload
# Nobody reads, and it is full to the last byte.
check 'the log is full' python3 - <<-'END'
	import os
	log = os.open("log", os.O_WRONLY | os.O_NONBLOCK)
	for size in (4096, 1):
	    try:
	        while True:
	            os.write(log, b"x" * size)
	    except BlockingIOError:
	        pass
END
sed -i 's/100\.10/100.11/' $policy
check 'a reload is answered' timeout 10 "$BASH" -c "nsenter --net=/run/netns/client '$NETPALE' reload"
check 'and done' reaches tcp 198.51.100.11 7
kill -TERM "$guard"
check 'it ends when it is told to' busywait 5000 not test -e "/proc/$guard/fd/0"
