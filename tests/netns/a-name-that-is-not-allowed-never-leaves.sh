#!/bin/bash
# Whatever the type, the family, the protocol and the spelling: NXDOMAIN at once, and upstream never
# hears of it. Of an allowed name only addresses are asked.
. "${0%/*}/lib.sh"
. "${0%/*}/forwarder.bash"

start_upstream 198.51.100.53
serve upstream=198.51.100.53 allow=www.example.com allow=.cdn.example.com limited=much.example.com \
	pointer=10.100.51.198.in-addr.arpa=www.example.com ttl=77
blocked='EDE: 15 .Blocked.: .netpale: no entry allows this name.'

for server in @127.0.0.1 @::1; do
	for type in A AAAA TXT ANY HTTPS SVCB SRV NULL MX NS SOA CNAME TYPE65280; do
		check "$server $type of another name" \
			within 900 answers NXDOMAIN "$blocked" "$server" secret.evil.example "$type" +notcp
		check "$server $type by TCP" \
			within 900 answers NXDOMAIN "$blocked" "$server" secret.evil.example "$type" +tcp
	done
done
for name in www.example.com.evil.example evil-www.example.com example.com cdn.example.com \
	a.b.c.d.e.f.evil.example 1.2.3.4 '*.cdn.example.com' 'a\.cdn.example.com' \
	'a\032b.cdn.example.com' 'secret@evil.example' . b.-a.cdn.example.com; do
	check "not by the name $name" answers NXDOMAIN '' "$name" A
	check "which is said" says answer 'EDE: 15 .Blocked.'
done
check 'whoever sent no OPT gets none' answers NXDOMAIN '' secret.evil.example A +noedns
refute 'nor an extended error' says answer 'EDE|OPT'
check 'upstream has heard of nothing' same '' "$(asked 198.51.100.53)"
refute 'a zone is not transferred' answers NOERROR '' secret.evil.example AXFR
check 'the guard was asked' says guard.log '^ASK 252 secret\.evil\.example$'
check 'upstream has heard of nothing' same '' "$(asked 198.51.100.53)"
refute 'nor did the guard hear what is no host name' says guard.log '^ASK [0-9]+ .*[^a-z0-9._-]'

for type in HTTPS SVCB TXT SRV MX NULL ANY PTR CNAME; do
	check "$type of an allowed name: no data" answers NOERROR '' www.example.com "$type" +notcp
done
check 'still upstream has heard of nothing' same '' "$(asked 198.51.100.53)"
check 'too many names below a wildcard: refused' \
	answers REFUSED 'EDE: 15 .Blocked.: .netpale: too many names below this wildcard.' much.example.com A
check 'the name of an address' \
	answers NOERROR '^10\.100\.51\.198\.in-addr\.arpa\..*PTR.*www\.example\.com\.$' -x 198.51.100.10
check 'that of another' answers NXDOMAIN '' -x 203.0.113.10
check 'no pointer goes up' same '' "$(asked 198.51.100.53)"

check 'an allowed name' answers NOERROR 'www\.example\.com\..*77.*A.*198\.51\.100\.10$' www.example.com A
check 'went up' went_up '^A www\.example\.com udp'
check 'its other family' answers NOERROR 'AAAA.*2001:db8:1::10$' @::1 www.example.com AAAA
check 'went up' went_up '^AAAA www\.example\.com udp'
check 'a name below the wildcard' answers NOERROR '198\.51\.100\.10$' a.b.cdn.example.com A
check 'the letters are the client'\''s' answers NOERROR '^wWw\.ExAmPlE\.cOm\.' wWw.ExAmPlE.cOm A
check 'in an NXDOMAIN too' answers NXDOMAIN '^;EvIl\.example\.' EvIl.example A
check 'nothing but these names went up' \
	same "$(asked 198.51.100.53 | sed 's/ udp.*//' | tr '[:upper:]' '[:lower:]' | sort | uniq -c | sed 's/^ *//')" \
	"$(printf '%s\n' '1 a a.b.cdn.example.com' '2 a www.example.com' '1 aaaa www.example.com')"
ports() { asked 198.51.100.53 | sed -n 's/.* udp //p' | sort -u | wc -l; }
check 'from ports that change' test "$(ports)" -ge 3
letters() { asked 198.51.100.53 | sed 's/^A* //; s/ udp.*//'; }
check 'and letters that change' says <(letters) '[A-Z]'
tell ping
check 'it counts' hears '^ALIVE questions [0-9]+ answered [0-9]+ refused [1-9][0-9]+ failed 0 malformed 0 dropped 0$'
leave
