#!/bin/bash
# | AF_PACKET, raw sockets, AF_XDP | open as root's | not permitted, not supported | the drop of capabilities, the seccomp filter |
# | AF_VSOCK, also by io_uring, i386 and x32 system calls; netlink but for routes | open | not supported; SIGSYS | the seccomp filter |
# | Every other number of a family: TIPC, RDS, CAN, Bluetooth, X.25, AF_ALG, AF_KEY, SMC by both its names | as the kernel has them | not supported | the seccomp filter |
. "${0%/*}/lib.sh"

# A kernel loads the module of a family that one asks for: without a fence only those that matter here are.
unfenced_root "$PEERS/families" 2 10 16 17 40 44 >opened
while read -r pattern words; do
	grep -qE "^${pattern//-/ }( |\$)" opened && has=has || has='has no'
	echo "this kernel $has $words"
done <<-END
	17-3 AF_PACKET
	44-3 AF_XDP
	40-1 AF_VSOCK
	16-3-16 generic netlink
	2-2-136 UDP-Lite
	2-1-262 MPTCP
	2-1-132 SCTP
	2-6-33 DCCP
	2-1-256 SMC
END
for pattern in '17 3' '2 3' '10 3' '16 3 12'; do
	check "unfenced: root opens $pattern" says opened "^$pattern( |\$)"
done

# tests/peers/escape.c knows further ways to the same; 64: not on this architecture, 2: not in this kernel.
ways=(packet packet-by-its-old-name raw4 raw6 mark netfilter netfilter-with-high-bits io_uring vsock
	vsock-with-high-bits vsock-through-io_uring vsock-through-i386 vsock-through-socketcall vsock-through-x32)
# shellcheck disable=SC2016 # the shell inside expands it
each='peers=$1; shift; for way; do "$peers/escape" "$way" >/dev/null 2>&1; echo "$way $?"; done'
unfenced_root "$BASH" -c "$each" bash "$PEERS" "${ways[@]}" >attempts
while read -r way status; do
	case $status in
	64 | 2) echo "there is no $way here" ;;
	*) check "unfenced: $way is open" same "$status" 0 ;;
	esac
done <attempts

# Local sockets, TCP and UDP and what goes over IP like them, and the netlink of routes.
only_harmless() {
	[ -s opened ] && ! grep -vE '^(1 [0-9]+|(2|10) [1256]) |^16 [23] 0$' opened
}
for stance in "${STANCES[@]}"; do
	stance "$stance"
	fenced "$PEERS/families" >opened 2>&1 || :
	check "$stance: of all families only what is harmless opens" only_harmless
	fenced "$PEERS/families" = 2 1 256 >smc 2>&1 || :
	check "$stance: SMC has no second name" says smc '^Operation not permitted'

	fenced "$BASH" -c "$each" bash "$PEERS" "${ways[@]}" >attempts 2>/dev/null || :
	check "$stance: all were tried" same "${#ways[@]}" "$(grep -cE ' (1|2|64|159)$' attempts)"
	check "$stance: none of them is open" not grep -E '^open| 0$' attempts
done
