#!/bin/sh
# No script has a fault that shellcheck knows.
set -eu
cd "$(dirname "$0")/../.."
command -v shellcheck >/dev/null || { echo 'SKIP: no shellcheck'; exit 77; }
# By their first line: most have no suffix.
scripts=$(grep -rlE '^#!/bin/(ba)?sh|^#!/usr/bin/env (ba)?sh' .ci docker tests --include='*' |
	grep -v '\.md$')
[ -n "$scripts" ]
# What follows values takes half of the time, and without it nobody knows which words are numbers: that
# is for `tests/run lint`.
set -- -x -P SCRIPTDIR
[ "${WHOLE:-0}" != 0 ] || set -- "$@" --extended-analysis=false -e SC2086
echo "$scripts" | xargs -P "$(nproc)" -n 8 shellcheck "$@"
