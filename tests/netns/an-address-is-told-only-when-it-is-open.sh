#!/bin/bash
# The answer waits for the guard's word, and holds what the guard lets be told: no other address, no
# other name. Whoever is gone by then makes nothing open.
. "${0%/*}/lib.sh"
. "${0%/*}/forwarder.bash"

start_upstream 198.51.100.53
serve upstream=198.51.100.53 allow=.example.com hold=held.example.com failed=failed.example.com \
	drop=198.51.100.10 drop=198.18.0.1 ttl=77

in_client dig -p 7753 @127.0.0.1 +tries=1 +timeout=7 held.example.com AAAA >held 2>&1 &
client=$!
check 'the guard learns the addresses' hears '^LEARN 28 held\.example\.com ttl 60 2001:db8:1::10$'
check 'others are served meanwhile' answers NOERROR '2001:db8:1::10' www.example.com AAAA
check 'the client has no answer' same '' "$(cat held)"
tell release
wait "$client" || :
check 'it has one when the guard has said so' says held '77.*AAAA.*2001:db8:1::10$'

check 'what the kernel refused is no answer' answers SERVFAIL '' failed.example.com A
check 'without an address that may be told there is none' \
	answers NOERROR '' www.example.com A
check 'which is said' says answer 'EDE: 17 .Filtered.: .netpale: the answer.s addresses may not be opened.'

check 'a chain of CNAMEs is told' answers NOERROR 'AAAA.*2001:db8:1::10$' alias.example.com AAAA
check 'in its order' same "$(grep -cE '^(alias\.example\.com\..*CNAME.*a\.CDN\.test|a\.CDN\.test\..*CNAME.*b\.cdn\.test|b\.cdn\.test\..*AAAA)' answer)" 3
check 'with one TTL' same "$(grep -cE '^[^;].*[[:space:]]77[[:space:]]' answer)" 3
check 'of it the guard learns the name that was asked' \
	hears '^LEARN 28 alias\.example\.com ttl 60 2001:db8:1::10$'
check 'without any address no CNAME is told' answers NOERROR '' halfway.example.com A
check 'an unrelated address is not told' answers NOERROR '' unrelated.example.com A
check 'nor beside its own' answers NOERROR '2001:db8:1::10$' mixed.example.com AAAA
refute 'not one of them' says answer '2001:db8::66'
check 'a loop of CNAMEs is no answer' answers NOERROR '' loop.example.com A
refute 'the guard learned of none of these' \
	says guard.log '^LEARN.* (halfway|unrelated|loop)|203\.0\.113\.66|2001:db8::66'

check 'NXDOMAIN is passed on' answers NXDOMAIN '' nxdomain.example.com A
check 'no data is passed on' answers NOERROR '' nodata.example.com A
check '600 addresses come by TCP' answers NOERROR '198\.18\.0\.255$' many.example.com A +tcp
check 'no more of them than are learned, without what may not be told' \
	same "$(grep -cE '^many\.example\.com' answer)" 255
check 'by UDP the client is sent to TCP' answers NOERROR '' many.example.com A +ignore
check 'with TC' says answer 'flags:.* tc'
check 'where it goes by itself' answers NOERROR '198\.18\.0\.255$' many.example.com A
check 'a reply that was truncated upstream is fetched by TCP' \
	answers NOERROR '2001:db8:1::10$' truncated.example.com AAAA
check 'upstream saw that' went_up '^AAAA truncated\.example\.com tcp'

in_client dig -p 7753 @127.0.0.1 +tcp +tries=1 +timeout=1 cold.example.com AAAA >cold 2>&1 || :
check 'a client by TCP that does not wait' says cold 'timed out|no servers'
check 'was asked for' went_up '^AAAA cold\.example\.com'
check 'another waits' answers NOERROR '2001:db8:1::10' cold.example.com AAAA
check 'for the first nothing was learned' same "$(heard '^LEARN 28 cold\.example\.com')" 1
tell ping
check 'all of it is counted' \
	hears '^ALIVE questions 18 answered 16 refused 0 failed 1 malformed 0 dropped 0$'
leave
