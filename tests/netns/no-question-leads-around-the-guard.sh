#!/bin/bash
# Servers stand wherever an agent could send a question, and tell what they were asked. Of a name
# that is not allowed they hear nothing, and clients hear so at once.
. "${0%/*}/lib.sh"
. "${0%/*}/guarded.bash"

everywhere=(198.51.100.53 203.0.113.10 192.0.2.1 2001:db8:1::53 2001:db8::1)
inside=(127.0.0.53 127.0.0.11 192.0.2.2 ::1)
for addr in "${everywhere[@]}"; do start_upstream "$addr"; done
start_upstream_inside() { # ADDR PORT
	in_client_by_itself "$PEERS/dns" "$1" "$2" >"udp.$1.$2.log" &
	busywait 5000 says "udp.$1.$2.log" ready
}
servers_inside=()
for addr in "${inside[@]}"; do
	start_upstream_inside "$addr" 53
	servers_inside+=($!)
done
start_upstream_inside 127.0.0.11 40053
logs=("${everywhere[@]/#/udp.}" "${inside[@]/#/udp.}")
logs=("${logs[@]/%/.53.log}" udp.127.0.0.11.40053.log)
for addr in 198.51.100.53 2001:db8:1::53; do start_echo "$addr" 853; done

for server in "${everywhere[@]}" "${inside[@]}"; do
	check "without a guard $server is asked" answers NOERROR '' "@$server" secret.evil.test TXT
done
check 'and Docker'\''s inner port' answers NOERROR '' @127.0.0.11 -p 40053 secret.evil.test TXT
all_heard() { cat "${logs[@]}"; }
before=$(all_heard)
same "$(wc -l <<<"$before")" "$((2 * ${#logs[@]}))" >&2 || exit 1

policy <<-'END'
	allow:
	  - {host: www.example.com, ports: [7], private: true}
	  - {host: .wild.example.com, ports: [7], private: true}
END
start_guard -f /run/policy.yml

blocked='EDE: 15 .Blocked.: .netpale: no entry allows this name.'
for type in A AAAA TXT ANY HTTPS SVCB SRV NULL MX NS CNAME SOA PTR CAA DNSKEY TYPE65280; do
	for protocol in +notcp +tcp; do
		check "$type $protocol: at once" nxdomain_fast secret.evil.test $type $protocol
		check 'and why' says answer "$blocked"
	done
done
for server in "${everywhere[@]}" "${inside[@]}" 198.51.100.99 2001:db8:1::99; do
	for protocol in +notcp +tcp; do
		check "to $server $protocol" nxdomain_fast "@$server" secret.evil.test TXT $protocol
		check 'and why' says answer "$blocked"
		check "to $server $protocol, without OPT" \
			nxdomain_fast "@$server" secret.evil.test A +noedns $protocol
		refute 'which gets none' says answer 'EDE|OPT PSEUDO'
	done
done
check 'kdig is told why, too' \
	says <(as_agent kdig +edns secret.evil.test) 'EDE: 15 .Blocked.: .netpale: no entry allows this name'

# Questions that are not as they should be.
for option in +norecurse +cdflag +adflag +dnssec +zflag +nsid +subnet=203.0.113.0/24 +ednsopt=65001:73656372 \
	+cookie=0123456789abcdef +edns=1 +opcode=notify +opcode=update +bufsize=65000 +padding=468 +qid=0; do
	check "$option is answered, be it by no" dns secret.evil.test A "$option"
	refute 'not by yes' says answer 'NOERROR'
done
for class in CH HS ANY CLASS65000; do
	check "class $class is answered, be it by no" dns -c "$class" -t TXT version.bind
	refute 'not by yes' says answer 'status: NOERROR'
done
refute 'a zone is not transferred' says <(as_agent dig evil.test AXFR) 'SOA'

# From DNS's own port, which only root has: who answers could come from there, so nobody asks from it.
kill "${servers_inside[@]}"
wait "${servers_inside[@]}" || :
for server in 198.51.100.53 203.0.113.10 127.0.0.11 2001:db8:1::53; do
	for protocol in udp tcp; do
		check "from port 53 to $server, $protocol, is refused" \
			probe refused $protocol $server 53 1000 53
	done
done
for addr in 198.51.100.53 2001:db8:1::53; do
	check "DNS over TLS is refused at $addr" refused_fast tcp "$addr" 853
	check "over QUIC too" refused_fast udp "$addr" 853
done
refute 'Docker'\''s inner port does not answer' dns @127.0.0.11 -p 40053 secret.evil.test A +timeout=1
refute 'nor by TCP' dns @127.0.0.11 -p 40053 secret.evil.test A +tcp +timeout=1

# Types of allowed names.
for name in www.example.com new.wild.example.com; do
	for type in TXT ANY HTTPS SVCB SRV NULL MX NS CNAME SOA CAA TYPE65280; do
		check "$type of $name: no data" answers NOERROR '' "$name" $type
	done
done

# What a libc does with it.
soon() { # COMMAND...: see nxdomain_fast; a resolver that waits does so for seconds
	local try
	for try in 1 2 3; do
		within 500 "$@" && return
	done
	return 1
}
visit_of() { # LIBC NAME
	as_agent ./"$1" "$2" 7 1 >visited || :
	says visited "$3"
}
clients=(glibc)
cp "$PEERS/visit" glibc
if command -v musl-gcc >/dev/null; then
	musl-gcc -static -o musl "${0%/*}/../peers/visit.c"
	clients+=(musl)
fi
for libc in "${clients[@]}"; do
	check "$libc: not allowed, at once" soon visit_of "$libc" secret.evil.test ' 0 connects.*1 unresolved'
done
check 'nothing of all that has left' same "$before" "$(all_heard)"

start_echo 198.51.100.10 7
start_echo 2001:db8:1::10 7
for libc in "${clients[@]}"; do
	check "$libc: allowed" visit_of "$libc" www.example.com ' 2 connects, 0 refused.* 0 unresolved'
done
check 'which alone upstream has heard of' \
	same "$(names_heard 198.51.100.53 | grep -v secret)" $'a www.example.com\naaaa www.example.com'
