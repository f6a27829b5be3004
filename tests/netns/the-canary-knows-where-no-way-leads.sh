#!/bin/bash
# The canary asks whether a packet that the policy refuses could leave. Where no route leads there at
# all, none could, whatever number the kernel has for that.
. "${0%/*}/lib.sh"

starts() { netpale run -q --allow 203.0.113.10 -- true; }
route() { # WORDS...: the only way out, in both families
	in_client ip route replace "$@" && in_client ip -6 route replace "$@"
}

check 'with a router' starts
in_client ip addr flush dev eth0
for type in unreachable prohibit blackhole; do
	check "a default route of type $type" route "$type" default
	check 'starts' starts
	check 'whose kind the other family need not have' in_client ip -6 route del "$type" default
	check 'starts' starts
done
in_client ip route flush table main
check 'without any route' starts
echo 1 >off
check 'without IPv6' in_client "$BASH" -c \
	'cat off >/proc/sys/net/ipv6/conf/all/disable_ipv6'
check 'starts' starts
