#!/bin/bash
# gcc -fanalyzer finds no path to a fault.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Where it is wrong, what it says there, and why it is not so.
known='
entrypoint/forwarder_sockets.c null-dereference       c-ares closes and watches what it was given
entrypoint/init.c              fd-leak                the pipes are closed in a loop
entrypoint/launch.c            fd-leak                0, 1 and 2 are left open on purpose
entrypoint/options.c           null-dereference       getopt gives codes of definitions alone
entrypoint/sockets.c           fd-leak                the caller has the ones opened before
entrypoint/worker.c            fd-leak                dup2() to the places where the worker has them
lib/permit.c                   use-of-uninitialized-value  it takes a loop to 2 for one that may end early
lib/resolved.c                 malloc-leak            hosts have users that are counted
'

# Not optimised: quicker, and with fewer wrong guesses.
analyse() { # FILE
	local path what options=()
	while read -r path what _; do
		[ "$path" != "$1" ] || options+=("-Wno-analyzer-$what")
	done <<<"$known"
	gcc -std=gnu11 -D_GNU_SOURCE -DNETPALE_VERSION='""' -I. -I"$(dirname "$NETPALE")" \
		-O0 -fanalyzer -Werror "${options[@]}" -c -o /dev/null "$1"
}
export -f analyse
export known

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/bad.c" <<'END'
#include <stdlib.h>

int *bad(int twice)
{
	int *number = malloc(sizeof(*number));

	free(number);
	if (twice)
		free(number);
	return NULL;
}
END
if analyse "$work/bad.c" 2>/dev/null; then
	echo 'FAIL: a planted fault is not found'
	exit 1
fi
# shellcheck disable=SC2016
printf '%s\0' lib/*.c entrypoint/*.c | xargs -0 -P "$(nproc)" -n 1 bash -c 'analyse "$1"' bash
