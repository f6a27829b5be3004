#!/bin/bash
# Who asked DNS for a name that is refused, or later goes where its address is not open: the user, and
# of the agent's processes the program, however it asks.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"

start_echo 203.0.113.10 80
start_echo 203.0.113.10 81
start_dns 198.51.100.53 --local-ttl=60 <<-'END'
	11.0.0.9 public.example.com
	203.0.113.10 www.example.com
	203.0.113.10 open.example.com
	203.0.113.10 closed.example.com
END
write_policy <<-'END'
	network:
	  dns: guarded
	  allow:
	    - www.example.com
	    - closed.example.com
	    - public.example.com:80
	    - { host: open.example.com, ports: [80], private: true }
	  deny: [denied.example.com]
END
cp "$(command -v dig)" asks-by-udp
cp asks-by-udp asks-by-tcp
cp asks-by-udp asks-as-root
cp "$PEERS/visit" visits
cat >asks-its-way <<'END'
#!/usr/bin/python3 -I
# WAY NAME: one question to 198.51.100.53 by a socket of that kind, and its answer.
import socket, sys, threading
way, name = sys.argv[1:]
labels = b''.join(bytes([len(l)]) + l.encode() for l in name.split('.'))
question = b'\0\7\1\0\0\1\0\0\0\0\0\0' + labels + b'\0\0\1\0\1'
def ask():
    s = socket.socket(socket.AF_INET6 if way.startswith('six') else socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(7)
    to = ('::ffff:198.51.100.53' if way.startswith('six') else '198.51.100.53', 53)
    if way.endswith('connected'):
        s.connect(to)
        s.send(question)
    else:
        s.sendto(question, to)
    s.recv(512)
t = threading.Thread(target=ask)
t.start()
t.join()
END
chmod +x asks-its-way

# "REASON UID PROGRAM [PORT]" of the rows that have the name, each once.
rows() { # NAME
	python3 -c '
import json, sys
for line in open("/run/netpale/refused.jsonl"):
    row = json.loads(line)
    if sys.argv[1] in row.get("names", []):
        print(row["reason"], row.get("uid", "-"), row.get("program", "-"), *[row[k] for k in ("port",) if k in row])' \
		"$1" | sort -u
}
is_row() { same "$(rows "$1")" "$2"; } # NAME ROW
blamed() { busywait 3000 is_row "$@" || is_row "$@"; }
asks() { as_agent "./$1" +tries=1 +timeout=7 @198.51.100.53 "${@:2}"; } # PROGRAM NAME [DIG-ARGUMENT...]

start_run -f $POLICY -- tail -f /dev/null
asks asks-by-udp udp.example.net >/dev/null
check 'by UDP' blamed udp.example.net 'name refused 1000 asks-by-udp'
asks asks-by-tcp tcp.example.net +tcp >/dev/null
check 'by TCP' blamed tcp.example.net 'name refused 1000 asks-by-tcp'
asks asks-by-tcp denied.example.com +tcp >/dev/null
check 'of a denied name' blamed denied.example.com 'denied 1000 asks-by-tcp'
asks asks-by-udp www.example.com TXT >/dev/null
check 'for another type' blamed www.example.com 'query type 1000 asks-by-udp'
for way in four four-connected six six-connected; do
	as_agent ./asks-its-way $way $way.example.net
	check "by a thread, its socket $way" blamed $way.example.net 'name refused 1000 asks-its-way'
done
in_client ./asks-as-root +tries=1 +timeout=7 @198.51.100.53 root.example.net >/dev/null
check 'of another user not the program' blamed root.example.net 'name refused 0 -'

# The forwarder answers the second question from memory.
asks asks-by-udp public.example.com >/dev/null
was_asked_once() { same 1 "$(grep -c 'query\[A\] public' dns.198.51.100.53.log)"; }
read -rt 1.1 -u "$quiet" || :
cp "$PEERS/visit" visits-later
as_agent ./visits-later public.example.com 81 1 >/dev/null 2>&1 || :
check 'by who asks for what was answered before' \
	blamed public.example.com 'wrong port 1000 visits-later 81'
check 'which nobody was asked for again' was_asked_once

# With thousands of descriptors before the socket's the guard does not look on.
as_agent python3 -I - <<'END'
import os, resource, socket
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
for i in range(min(most - 50, 20000)): os.dup(0)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(7)
s.connect(('198.51.100.53', 53))
s.send(b'\0\7\1\0\0\1\0\0\0\0\0\0\4many\7example\3net\0\0\1\0\1')
s.recv(512)
END
check 'what takes too long is not known' blamed many.example.net 'name refused 1000 -'

check 'an allowed name is told' as_agent ./visits open.example.com 80 1
refute 'where its address is open' as_agent ./visits open.example.com 81 1
check 'a packet has the program that asked for its name' blamed open.example.com 'wrong port 1000 visits 81'
refute 'where no name may lead' as_agent ./visits closed.example.com 80 1
check 'so has an answer that may not be told' blamed closed.example.com 'private answer 1000 visits'
kill -TERM "$(agent)"
wait "$guard" || :

# A sidecar does not see the processes of the agent.
start_guard -f $POLICY
asks asks-by-udp sidecar.example.net >/dev/null
check 'alone, the guard knows the user' blamed sidecar.example.net 'name refused 1000 -'
stop_guard TERM
