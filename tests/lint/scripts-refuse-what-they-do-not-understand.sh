#!/bin/bash
# A script that is told a word which it does not know quotes that, ends with 64, and has done nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
# Should one go on all the same, it finds no engine.
export DOCKER_HOST=unix:///nonexistent
word=--no-such-word failed=0 tried=0

while read -r script; do
	case $script in
	docker/ccpod/fenced-entrypoint | docker/test/* | tests/docker/*) continue ;; # take any words, or are a test's
	*.sh) continue ;;
	esac
	tried=$((tried + 1)) status=0
	said=$(timeout 10 "$script" "$word" 2>&1 >/dev/null </dev/null) || status=$?
	[[ $status = 64 && $said = *"'$word'"* ]] || {
		echo "FAIL: $script ends with $status and says: $said"
		failed=1
	}
done < <(grep -rlE '^#!/bin/(ba)?sh|^#!/usr/bin/env (ba)?sh' .ci docker tests --include='*' | sort)
echo "$tried scripts"
[ "$tried" -ge 15 ] && [ "$failed" = 0 ]
