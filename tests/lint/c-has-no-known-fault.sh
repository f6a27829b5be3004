#!/bin/sh
# clang-tidy finds nothing of what .clang-tidy asks for. In a run of everything without its analyser, which
# takes minutes and follows paths as gcc's does (no-path-leads-to-a-fault.sh); `tests/run lint` has both.
set -eu
cd "$(dirname "$0")/../.."
command -v clang-tidy >/dev/null || { echo 'SKIP: no clang-tidy'; exit 77; }
[ -e .clang-tidy ]
checks=
[ "${WHOLE:-0}" != 0 ] || checks='-clang-analyzer-*'
# Each file once, however many programs are made of it.
mkdir -p build/tidy
jq 'unique_by(.file)' "$(dirname "$NETPALE")/compile_commands.json" >build/tidy/compile_commands.json
printf '%s\n' lib/*.c entrypoint/*.c | xargs -P "$(nproc)" -n 4 \
	clang-tidy -quiet -p build/tidy "--checks=$checks" \
		--extra-arg=-Wno-missing-field-initializers
