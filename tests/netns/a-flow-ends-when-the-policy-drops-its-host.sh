#!/bin/bash
# A flow lives as long as the policy allows its host: applied anew without it, the flow ends; a
# flow whose host stays lives on.
. "${0%/*}/lib.sh"

start_echo 198.51.100.10 7
start_echo 198.51.100.11 7
start_echo 2001:db8:1::11 7
check 'the fence goes up' netpale apply --policy restricted \
	--allow '198.51.100.0/24,[2001:db8:1::/48]:7'
for protocol in tcp udp; do
	open_flow kept.$protocol $protocol 198.51.100.10 7
	open_flow dropped4.$protocol $protocol 198.51.100.11 7
	open_flow dropped6.$protocol $protocol 2001:db8:1::11 7
done
for protocol in tcp udp; do
	check "$protocol to a host lives" lives kept.$protocol
	check "$protocol to another lives" lives dropped4.$protocol
	check "$protocol over IPv6 lives" lives dropped6.$protocol
done
check 'the same policy again' netpale apply --policy restricted \
	--allow '198.51.100.0/24,[2001:db8:1::/48]:7'
for protocol in tcp udp; do
	for flow in kept dropped4 dropped6; do
		check "$flow.$protocol lives on" lives $flow.$protocol
	done
done
check 'a policy without the others' netpale apply --policy restricted --allow 198.51.100.10
for protocol in tcp udp; do
	check "$protocol to the kept host lives on" lives kept.$protocol
	check "$protocol to the dropped host has ended" ended dropped4.$protocol
	check "$protocol to the dropped host has ended, IPv6" ended dropped6.$protocol
done
