#!/bin/bash
# What `netpale log` prints on a terminal: log/table is the table of log/refused.jsonl, log/json what
# it is in JSON, and no line of the table is wider than 80 columns. `log.sh -update` writes them anew;
# read the diff.
set -euo pipefail
cd "$(dirname "$0")/log"
update=${1-}

if [ -z "${LOG_INSIDE-}" ]; then
	if ! unshare --map-root-user --net --mount true; then
		echo 'SKIP: no namespaces here'
		[ "${NO_SKIP:-0}" = 0 ] || exit 1
		exit 77
	fi
	LOG_INSIDE=1 exec unshare --map-root-user --net --mount "$BASH" ../log.sh "$@"
fi

mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/netpale
cp refused.jsonl /run/netpale/
failed=0

shows() { # NAME ARGUMENT...
	local name=$1
	env -i TZ=XXX-1 ASAN_OPTIONS="${ASAN_OPTIONS-}" "$NETPALE" log "${@:2}" >/run/got || {
		echo "FAIL: $name: status $?"
		failed=1
	}
	if [ "$update" = -update ]; then
		cp /run/got "$name"
	elif ! diff -u "$name" /run/got; then
		echo "FAIL: $name differs"
		failed=1
	fi
}

shows table
if grep -nE '.{81}' /run/got; then
	echo 'FAIL: the table is wider than 80 columns'
	failed=1
fi
shows json --json
exit $failed
