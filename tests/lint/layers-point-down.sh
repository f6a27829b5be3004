#!/bin/sh
# lib/ needs no privilege: it does not include entrypoint/, and core calls nothing that opens,
# sends, forks, exits, prints, or reads the clock or the environment. Only entrypoint/netlink.c
# writes to the kernel's firewall.
set -eu
cd "$(dirname "$0")/../.."
build=$(dirname "$NETPALE")
status=0

say() {
	echo "FAIL: $*"
	status=1
}

if grep -n '#include "entrypoint/' lib/*.c lib/*.h; then
	say 'lib/ includes entrypoint/'
fi

forbidden='socket|bind|connect|open|openat|fopen|fork|vfork|exec[lv][pe]*|exit|_exit|abort|getenv
secure_getenv|fprintf|printf|puts|perror|time|clock_gettime|gettimeofday|kill|signal|sigaction
mnl_socket_[a-z_]+|syslog|system|popen'
pattern=$(printf '%s' "$forbidden" | tr '\n' '|')
called=$(nm -u "$build/libcore.a" | sed 's/^ *U //; s/@.*//' | sort -u)
[ "$(echo "$called" | wc -l)" -gt 20 ] || say "nm says nothing of $build/libcore.a"
if echo "$called" | grep -xE "$pattern"; then
	say 'libcore.a calls what only entrypoint/ may'
fi

writers=$(grep -lE 'NFT_MSG_|nftnl_' entrypoint/*.c |
	grep -vE 'entrypoint/(netlink|proof)[a-z_]*\.c' || true)
[ -z "$writers" ] || say "besides netlink.c these speak nftables: $writers"
# nflog.c reads the packet log; that it cannot write either is said above.
openers=$(grep -lE '\((.*, )?NETLINK_NETFILTER\)' entrypoint/*.c |
	grep -vE 'entrypoint/((netlink|proof)[a-z_]*|nflog)\.c' || true)
[ -z "$openers" ] || say "besides netlink.c and nflog.c these open netfilter's socket: $openers"
exit "$status"
