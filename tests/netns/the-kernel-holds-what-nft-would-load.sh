#!/bin/bash
# The ruleset's text, loaded by nft, and its messages, sent by netpale, come to the same instructions
# in the kernel, at both ends of the address space and for every kind of element; what is read back is what
# was sent; a refusal says what was refused and leaves what stood.
. "${0%/*}/lib.sh"

fence() { in_client "$PEERS/fence" "$@"; }
table() { in_client nft -s list table inet netpale; } # -s: not when elements expire
# The instructions, without elements: nft marks open intervals, the kernel hashes small sets anew.
code() { in_client nft -s --debug=netlink list table inet netpale 2>&1 | grep -v '^	element'; }
by_nft() { # FLOWS
	fence text <"$1" >text.nft && in_client nft -f text.nft && table >nft.listed && code >nft.code &&
		in_client nft delete table inet netpale
}
same_as_nft() { # FLOWS
	by_nft "$1" && fence apply sent <"$1" && table | diff nft.listed - && code | diff nft.code -
}

cat >edges <<-'END'
	0.0.0.0-1.1.1.1 any
	1.1.1.2 all
	10.0.0.0-10.255.255.255 tcp:8000-8999,udp:53
	192.0.2.255 tcp:443
	198.51.100.0-198.51.100.255 any
	255.255.255.0-255.255.255.255 any
	::-::1 any
	2001:db8::-2001:db8:0:ffff:ffff:ffff:ffff:ffff tcp:443
	2001:db8:1::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff any
	resolver 192.0.2.53
	resolver 2001:db8::53
	inbound tcp:3000-3010
	dns pinned
END
{ echo '0.0.0.0-255.255.255.255 all'; echo '::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff all'
	echo 'mode full'; echo 'inbound open'; } >whole
seq 0 9999 | awk '{ printf "10.%d.%d.%d any\n", $1 / 16384, $1 / 64 % 256, $1 % 64 * 4 }
	END { print "2001:db8::1 tcp:443" }' >many
{ cat edges; echo 'mode audit'; } >audit
{
	cat edges
	printf '%s\n' 'dns guarded' 'resolver 127.0.0.53' 'class tcp:443' 'class any' 'class all' \
		'class udp:53,tcp:8000-8999' 'live 255.255.255.255 0 300000' 'live 192.0.2.7 0 90500' \
		'live :: 3 86400000' 'live 198.51.100.7 1 60000' 'lapsed 192.0.2.8 0' \
		'lapsed 2001:db8::8 2' 'lapsed 255.255.255.255 3' 'lapsed 192.0.2.8 1'
} >guarded
{ cat guarded; echo 'mode audit'; } >watched
for flows in edges whole many audit guarded watched; do
	check "$flows: the same as by nft" same_as_nft $flows
	check "$flows: read back" fence verify sent
	in_client nft delete table inet netpale
done
check 'the closed fence goes up' fence close sent <edges
check 'and is read back' fence verify sent
check 'a plan takes its place' fence apply sent <edges
check 'and is read back' fence verify sent
check 'a guarded one takes its place' fence apply sent <guarded
check 'and is read back' fence verify sent
check 'the other way round too' fence apply sent <edges
check 'nothing of the guarded one is left' fence verify sent

# Chains of others give way, whatever they are; a set that outlives fences does not while it is in use.
in_client nft delete table inet netpale
in_client nft 'table inet netpale { chain output { type nat hook output priority 0; }; }'
check 'a chain of another type gives way' fence apply sent <edges
check 'and the fence is read back' fence verify sent
in_client nft delete table inet netpale
in_client nft 'table inet netpale {
	set refused4 { type inet_service; }
	chain output { tcp dport @refused4 drop; }
}'
table >before
refute 'where something else stands, the fence does not go up' fence apply sent <edges
check 'it is said what was refused' says <(fence apply sent <edges 2>&1) \
	"refused 'add set inet netpale refused4'"
check 'and that no feature is missing, of those that a guarded fence needs either' \
	says <(fence apply sent <guarded 2>&1) "the kernel refused 'add set inet netpale refused4'"
check 'and what stood is left' same "$(cat before)" "$(table)"
in_client nft delete table inet netpale

link_local=$(in_client ip -6 -br addr show dev eth0 scope link | grep -oE 'fe80::[0-9a-f:]+')
check 'the place is seen' same "$(fence site | sort)" "$(printf '%s\n' 'attached 192.0.2.0/24' \
	'attached 2001:db8::/64' 'gateway 192.0.2.1' 'gateway 2001:db8::1' 'own 192.0.2.2' \
	'own 2001:db8::2' "own $link_local")"
in_client ip route replace default nexthop via 192.0.2.1 nexthop via 192.0.2.9
check 'both hops of a route are seen' same "$(fence site | grep -c '^gateway 192')" 2
in_client ip route replace default via inet6 2001:db8::9 dev eth0
check 'a hop of the other family is seen' says <(fence site) '^gateway 2001:db8::9$'
