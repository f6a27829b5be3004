#!/bin/bash
# With a low limit of open files connections come that cannot be taken. The forwarder does not try them
# again and again, serves by UDP meanwhile, and takes them when some others have ended.
. "${0%/*}/lib.sh"
. "${0%/*}/forwarder.bash"

start_upstream 198.51.100.53
ulimit -n 170 # of which its own sockets are most
serve upstream=198.51.100.53 allow=.example.com
works() { within 1900 answers NOERROR '198\.51\.100\.10$' www.example.com A "$@"; }
taken() { find "/proc/$forwarder/fd" -lname 'socket:*' | wc -l; }
cat >hold.py <<'END'
import socket, time
held = [socket.create_connection(("127.0.0.1", 7753)) for _ in range(50)]
print("connected", flush=True)
time.sleep(60)
END

before=$(taken)
check 'by TCP it works' works +tcp
in_client_by_itself python3 hold.py >hold.log &
holder=$!
check 'fifty connections come' busywait 5000 says hold.log connected
check 'it takes some' busywait 5000 test "$(taken)" -gt "$before"
check 'and not all' test "$(taken)" -lt $((before + 50))
# On a processor or waiting for one: all the time, if it spins.
busy_ms() { awk '{ print int(($1 + $2) / 1e6) }' "/proc/$forwarder/schedstat"; }
start=$(busy_ms)
read -rt 1 -u "$quiet" || :
spent=$(($(busy_ms) - start))
check "in a second it was busy for less than half: $spent ms" test $spent -lt 500
check 'by UDP it works' works
kill $holder
wait $holder 2>/dev/null || :
check 'it lives on' lives_on
check 'and by TCP it works again' works +tcp
leave
