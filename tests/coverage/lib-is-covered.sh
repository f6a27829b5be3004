#!/bin/bash
# The unit and golden tests and the fuzzers' corpora run at least 95 of 100 lines of lib/. `tests/run
# coverage` runs netns and containment too, which is what entrypoint/ is tested by.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/plain.bash
command -v gcovr >/dev/null || { echo 'SKIP: no gcovr'; exit 77; }
LEAST=95
# Freed memory that malloc keeps at hand is memory in use to it: unit.memory counts what stays.
export GLIBC_TUNABLES=glibc.malloc.tcache_count=0

# What each test says is its own label's business, and where an agent may not write the counts netpale
# says a line more. Two ask shells and schemas more than netpale.
run() { # LABELS
	ctest --preset coverage --parallel "$(nproc)" --no-tests=error -L "^($1)\$" \
		-E '^golden\.(completions|schema)$' >build/coverage.log ||
		grep 'tests passed' build/coverage.log
}

plain_build
find build/coverage -name '*.gcda' -delete
run 'unit|golden|fuzz'
if [ "${WHOLE:-0}" != 0 ]; then
	# Every file of counts is there now; the agents' programs add to them too.
	find build/coverage \( -name '*.gcda' -o -type d \) -exec chmod a+rwx {} +
	run 'netns|containment'
fi
gcovr -j "$(nproc)" --root . --filter lib/ --filter entrypoint/ --json-summary build/coverage.json \
	build/coverage 2>>build/coverage.log || { cat build/coverage.log; exit 1; }
jq -r '.files | group_by(.filename | split("/")[0])[] |
	def sum(field): map(.[field]) | add;
	[(.[0].filename | split("/")[0]), sum("line_covered"), sum("line_total"),
		sum("branch_covered"), sum("branch_total")] | @tsv' build/coverage.json |
	while read -r directory lines all branches all_branches; do
		printf '%-11s %5d of %5d lines %5.1f%%, %5d of %5d branches %5.1f%%\n' "$directory" \
			"$lines" "$all" "$((lines * 1000 / all))e-1" \
			"$branches" "$all_branches" "$((branches * 1000 / all_branches))e-1"
		[ "$directory" != lib ] || echo "$((lines * 100 - all * LEAST)) $all" >build/coverage.lib
	done
read -r more lines <build/coverage.lib
[ "$lines" -gt 10000 ] || { echo "FAIL: only $lines lines of lib/ are known"; exit 1; }
[ "$more" -ge 0 ] || { echo "FAIL: less than $LEAST of 100 lines of lib/ are run"; exit 1; }
