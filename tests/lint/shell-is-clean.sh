#!/bin/sh
# No script has a fault that shellcheck knows.
set -eu
cd "$(dirname "$0")/../.."
command -v shellcheck >/dev/null || { echo 'SKIP: no shellcheck'; exit 77; }
# By their first line: most have no suffix.
scripts=$(grep -rlE '^#!/bin/(ba)?sh|^#!/usr/bin/env (ba)?sh' .ci docker tests --include='*' |
	grep -v '\.md$')
[ -n "$scripts" ]
echo "$scripts" | xargs -P "$(nproc)" -n 8 shellcheck -x -P SCRIPTDIR
