#!/bin/bash
# An answer of public addresses is told again from memory as long as its TTL says, and no longer than
# its addresses are open; a reload takes it back at once. What moves without notice is asked for
# each time.
. "${0%/*}/lib.sh"
. "${0%/*}/guarded.bash"
. "${0%/*}/guard.bash"

times_asked() { asked 198.51.100.53 | tr '[:upper:]' '[:lower:]' | grep -cE "^$1 $2 " || :; } # TYPE NAME
ttl_told() { awk '/^[^;].*[[:space:]]A[[:space:]]/ { print $2 }' answer; }

start_upstream 198.51.100.53 ttl=30 a=11.0.0.7,11.0.0.8
write_policy <<-'END'
	network:
	  dns: guarded
	  allow: [www.example.com:443, gone.example.com:443, alias.example.com:443]
END
start_guard -f $POLICY
for question in 1 2 3; do
	check "question $question is answered" answers NOERROR '11\.0\.0\.7$' www.example.com A
done
check 'the server was asked once' same 1 "$(times_asked a www.example.com)"
check 'letters are those of who asks' answers NOERROR '^wWw\.eXample\.com\..*11\.0\.0\.7$' wWw.eXample.com A
check 'by TCP too' answers NOERROR '11\.0\.0\.7$' www.example.com A +tcp
check 'and without EDNS' answers NOERROR '11\.0\.0\.7$' www.example.com A +noedns
refute 'which is not answered with any' says answer 'EDNS: version'
check 'still the server was asked once' same 1 "$(times_asked a www.example.com)"
is_told_less() { answers NOERROR '11\.0\.0\.7$' www.example.com A && [ "$(ttl_told)" -lt 29 ]; }
check 'the TTL goes down' busywait 5000 is_told_less
check 'another type is another question' answers NOERROR '' www.example.com AAAA
check 'and was asked' same 1 "$(times_asked aaaa www.example.com)"
check 'a name that is not allowed is still none' answers NXDOMAIN '' www.example.org A

check 'another name' answers NOERROR '11\.0\.0\.8$' gone.example.com A
check 'comes from memory' answers NOERROR '11\.0\.0\.8$' gone.example.com A
write_policy <<-'END'
	network:
	  dns: guarded
	  allow: [www.example.com:443]
END
reloaded() { status_is reloads.tried 1; }
check 'another policy' busywait 5000 reloaded
check 'and what it drops is gone at once' answers NXDOMAIN '' gone.example.com A
check 'what stays is asked for anew' answers NOERROR '11\.0\.0\.' www.example.com A
check 'of the server' same 2 "$(times_asked a www.example.com)"
stop_guard TERM

# The forwarder of another guard, and of the neighbourhood.
start_upstream 203.0.113.53 ttl=600
echo 'nameserver 203.0.113.53' >resolv.conf
write_policy <<-'END'
	network:
	  dns: guarded
	  allow: [{ host: near.example.com, ports: [443], private: true }]
END
start_guard -f $POLICY
for question in 1 2; do
	check "question $question for a neighbour" answers NOERROR '198\.51\.100\.10$' near.example.com A
done
asked_twice() { same 2 "$(asked 203.0.113.53 | grep -ciE '^a near\.example\.com ')"; }
check 'its server was asked twice' asked_twice
