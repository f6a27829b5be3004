#!/bin/bash
# Servers that are dead, slow, wrong, hostile: a clean answer in the time that a client waits, and
# nothing is learned from a lie.
. "${0%/*}/lib.sh"
. "${0%/*}/forwarder.bash"

start_upstream 198.51.100.53
start_upstream 203.0.113.53 silent
start_upstream 2001:db8:1::53
start_upstream 198.51.100.12 flat
start_upstream 198.51.100.13 no-tcp
allow='allow=.example.com'

serve upstream=203.0.113.53 upstream=198.51.100.53 $allow
check 'a silent first server: the second answers' \
	within 1900 answers NOERROR '198\.51\.100\.10$' www.example.com A
check 'from then on it is asked first' within 500 answers NOERROR '198\.51\.100\.10$' b.example.com A
leave
serve upstream=198.51.100.99 upstream=203.0.113.11 upstream=2001:db8:1::53 $allow
check 'unreachable, refusing, and a third over IPv6' \
	within 4500 answers NOERROR '198\.51\.100\.10$' www.example.com A
leave
for servers in upstream=203.0.113.53 'upstream=203.0.113.53 upstream=198.51.100.99' \
	upstream=203.0.113.11 ''; do
	# shellcheck disable=SC2086
	serve $servers $allow
	check "nobody answers ($servers): a failure in time" \
		within 4900 answers SERVFAIL 'EDE: 22' www.example.com A
	check 'by TCP too' within 4900 answers SERVFAIL 'EDE: 22' www.example.com AAAA +tcp
	refute 'nothing is learned' says guard.log '^LEARN'
	leave
done

serve upstream=198.51.100.53 $allow
for name in servfail refused garbage cut silent wrong-id wrong-question; do
	check "$name: a failure in time" within 4900 answers SERVFAIL 'EDE: 22' "$name.example.com" A
	check 'and the next question is answered' answers NOERROR '198\.51\.100\.10$' www.example.com A
done
refute 'nothing was learned of these' says guard.log '^LEARN.* (servfail|refused|garbage|cut|silent|wrong)'
for name in garbage cut garbage cut; do
	in_client dig -p 7753 @127.0.0.1 +tries=1 +timeout=7 "$name.example.com" >/dev/null 2>&1 &
done
check 'garbage for one is not a failure of another' \
	within 2900 answers NOERROR '198\.51\.100\.10$' www.example.com A
check 'a slow server is waited for' within 4500 answers NOERROR '198\.51\.100\.10$' cold.example.com A
check 'it lives on' lives_on
leave

serve upstream=198.51.100.12 $allow
check 'a server that changes letters is understood' \
	within 900 answers NOERROR '198\.51\.100\.10$' lettersofaname.example.com A
for i in 1 2 3 4 5; do
	answers NOERROR '198\.51\.100\.10$' "letters$i.example.com" A || :
done
check 'soon at once' within 500 answers NOERROR '198\.51\.100\.10$' Another.Example.Com A
check 'by one question' same "$(asked 198.51.100.12 | grep -c another)" 1
leave

serve upstream=198.51.100.13 $allow
check 'no TCP upstream: a failure in time' within 4900 answers SERVFAIL 'EDE: 22' truncated.example.com A
check 'and its sockets are free again' answers NOERROR '198\.51\.100\.10$' www.example.com A
leave

# More questions under way than sockets, twice, and all sockets are there afterwards.
serve upstream=203.0.113.53 upstream=198.51.100.53 $allow
seq -f 'a%g.silent.example.com A' 900 >silent
for round in 1 2; do
	in_client timeout 20 dnsperf -p 7753 -s 127.0.0.1 -d silent -q 900 -c 1 -n 1 -t 6 >flood.$round 2>&1 || :
	check "flood $round: what nobody answers costs no other" \
		within 4900 answers NOERROR '198\.51\.100\.10$' www.example.com A
done
check 'it lives on' lives_on
leave
