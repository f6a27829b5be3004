#!/bin/sh
# cppcheck finds nothing but what cppcheck.suppressions explains.
set -eu
cd "$(dirname "$0")/../.."
command -v cppcheck >/dev/null || { echo 'SKIP: no cppcheck'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check() { # ARGUMENT...
	cppcheck -q -j "$(nproc)" --std=c11 --platform=unix64 --library=posix,gnu \
		--enable=warning,performance,portability,information --inconclusive \
		--include=tests/lint/cppcheck.h --suppressions-list=tests/lint/cppcheck.suppressions \
		--error-exitcode=1 "$@"
}

cat >"$work/bad.c" <<'END'
void bad(void)
{
	int numbers[2];

	numbers[2] = 0;
}
END
if check --suppress=unmatchedSuppression "$work/bad.c" 2>/dev/null; then
	echo 'FAIL: a planted fault is not found'
	exit 1
fi
check -I. -I"$(dirname "$NETPALE")" lib/*.c entrypoint/*.c
