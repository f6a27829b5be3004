#!/bin/sh
# No file over 500 lines, no header over 150, no function over 60 (tables aside).
set -eu
cd "$(dirname "$0")/../.."
status=0

scripts=$(grep -rlE '^#!/bin/(ba)?sh|^#!/usr/bin/env ' .ci docker tests config | grep -v '\.md$')
for file in lib/*.[ch] entrypoint/*.[ch] tests/*/*.[ch] tests/*/*.bash $scripts; do
	[ -e "$file" ] || continue
	lines=$(wc -l <"$file")
	if [ "$lines" -gt 500 ]; then
		echo "FAIL: $file has $lines lines"
		status=1
	fi
done

# A function's body stands between a '{' and a '}' alone in column one.
awk '
	FNR == 1 { inside = 0 }
	/^{/ { inside = 1; start = FNR }
	/^}/ && inside {
		inside = 0
		if (FNR - start - 1 > 60) {
			printf "FAIL: %s:%d: a function of %d lines\n", FILENAME, start, FNR - start - 1
			bad = 1
		}
	}
	END { exit bad }
' lib/*.c entrypoint/*.c || status=1
exit "$status"
