#!/bin/bash
# A policy is changed under load: what it keeps is undisturbed, by a hundred reloads in a row; what it
# takes away ends within a second, what it adds is open within a second. Addresses that were learned
# stay open as long as their name is allowed.
# Runs alone.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"

for addr in 198.51.100.10 198.51.100.11 198.51.100.12 203.0.113.10 2001:db8:1::10; do
	start_echo $addr 7
done
start udp 198.51.100.53 53 "$PEERS/dns" 198.51.100.53 53 quiet
policy() { # ENTRY...: beside what stays
	local entry
	echo 'network: { dns: guarded, allow: ['
	for entry in '{ host: www.example.com, ports: [7, 443], private: true }' \
		'{ host: "*.cdn.example.com", ports: [7], private: true }' 198.51.100.12:7 "$@"; do
		echo "$entry,"
	done
	echo '] }'
}
policy 198.51.100.11:7 | write_policy
start_guard -f $POLICY

# A long session: TLS to a kept name, a byte now and then, each of which comes back.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=www.example.com \
	-keyout key.pem -out cert.pem 2>/dev/null
chmod 644 key.pem
cat >tls.py <<-'END'
	import socket, ssl, sys
	if sys.argv[1] == "serve":
	    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	    context.load_cert_chain("cert.pem", "key.pem")
	    listening = socket.create_server(("198.51.100.10", 443))
	    client = context.wrap_socket(listening.accept()[0], server_side=True)
	    while byte := client.recv(1):
	        client.sendall(byte)
	else:
	    context = ssl.create_default_context(cafile="cert.pem")
	    plain = socket.create_connection(("www.example.com", 443), timeout=10)
	    session = context.wrap_socket(plain, server_hostname="www.example.com")
	    print("open", flush=True)
	    for turn, line in enumerate(sys.stdin):
	        session.sendall(b"%c" % (turn % 256))
	        answer = session.recv(1)
	        print("lives" if answer == b"%c" % (turn % 256) else "ended", flush=True)
END
start tcp 198.51.100.10 443 python3 tls.py serve
mkfifo session.ask
: >session.log
exec {session}<>session.ask
as_agent python3 tls.py connect <session.ask >session.log 2>&1 {session}>&- &
check 'a TLS session opens' is_open session

open_flow kept tcp 198.51.100.12 7
check 'a name is visited' visits www.example.com 7
open_flow learned tcp 198.51.100.10 7
check 'a name below a wildcard is' visits a.cdn.example.com 7

reloads() { status_of reloads.tried; }
more_reloads() { [ "$(reloads)" -gt "$1" ]; }
reload() { # HOW
	[ "$1" = file ] || in_client "$NETPALE" reload
}

# Between two policies, and the same again.
undisturbed() { # TIMES
	local i clients client status=0
	: >churn.log
	exec {clients}> >(in_client "$PEERS/churn" 198.51.100.12 203.0.113.10 7 >>churn.log 2>&1)
	client=$!
	as_agent "$PEERS/visit" www.example.com 7 400 >visited 2>&1 {clients}>&- &
	for ((i = 0; i < $1; i++)); do
		[ $((i % 10)) != 5 ] || policy 198.51.100.11:7 | write_policy
		[ $((i % 10)) != 0 ] || policy | write_policy
		in_client "$NETPALE" reload || status=1
		[ $((i % 5)) != 0 ] || echo >&"$session"
	done
	wait $! || status=1
	exec {clients}>&-
	wait $client || status=1
	cat churn.log visited
	return $status
}
check 'nobody notices a hundred reloads' undisturbed 100
check 'they took place' test "$(reloads)" -ge 100
check 'none was refused' status_is reloads.refused 0
for flow in kept learned session; do
	check "the flow '$flow' lives" lives $flow
done
check 'what was learned is open without another question' only_learned 198.51.100.10 2001:db8:1::10

before=$(reloads)
kill -HUP "$guard"
check 'SIGHUP has it read again' busywait 5000 more_reloads "$before"

# What is taken away, what is added.
for how in verb file; do
	policy 198.51.100.11:7 | write_policy
	check "$how: read again" reload $how
	check "$how: a host that is added is open" busywait 3000 reaches tcp 198.51.100.11 7
	open_flow added.$how tcp 198.51.100.11 7
	policy | write_policy
	check "$how: read again" reload $how
	check "$how: one that is taken away loses its flow" busywait 3000 ended added.$how
	check "$how: and is closed" refused_fast tcp 198.51.100.11 7
	check "$how: others live" lives kept
done

# A name that is taken away; another one still has its address, and fewer ports.
policy | sed /www/d | write_policy
check 'a policy without the name' netpale reload
check 'what the other name opens is open' lives learned
check 'its session has ended' not lives session
check 'its other ports are closed' refused_fast tcp 198.51.100.10 443
check 'it does not resolve' not resolves www.example.com
policy | sed '/www/d; /cdn/d' | write_policy
check 'a policy without the other name' netpale reload
check 'now nothing is open that was learned' only_learned
check 'the flow has ended' ended learned
check 'the address is closed' refused_fast tcp 198.51.100.10 7
check 'what has no name lives' lives kept

echo 'network: { policy: none, dns: guarded }' | write_policy
check 'nothing at all' netpale reload
check 'nothing lives' ended kept
check 'nothing is open' refused_fast tcp 198.51.100.12 7
check 'nothing resolves' not resolves www.example.com
policy | write_policy
check 'and back' netpale reload
check 'names resolve' visits www.example.com 7
check 'what has no name is open' reaches tcp 198.51.100.12 7
