#!/bin/bash
# What people read on a terminal, as it stands there: tables/NAME is what the verb prints, and no line
# is wider than 80 columns. `tables.sh -update` writes them anew; read the diff.
set -euo pipefail
cd "$(dirname "$0")"
update=${1-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tables=$PWD/tables failed=0 cases=0

netpale() { env -i ASAN_OPTIONS="${ASAN_OPTIONS-}" "$NETPALE" "$@"; }

shows() { # NAME COMMAND...
	local name=$tables/$1
	"${@:2}" >"$work/got" || {
		echo "FAIL: $name: status $?"
		failed=1
	}
	cases=$((cases + 1))
	if [ "$update" = -update ]; then
		cp "$work/got" "$name"
	elif ! diff -u "$name" "$work/got"; then
		echo "FAIL: $name differs"
		failed=1
	fi
	if grep -nE '.{81}' "$work/got"; then
		echo "FAIL: $name is wider than 80 columns"
		failed=1
	fi
}

shows help netpale --help
for verb in $(netpale --help | sed -n 's/^  netpale \([a-z]*\) .*/\1/p'); do
	shows "help.$verb" netpale "$verb" --help
done
shows presets netpale presets
shows presets.metadata netpale presets metadata
shows version netpale version

# A policy of everyday's entries, under its everyday name.
cd "$work"
cat >policy.yml <<-'END'
	network:
	  allow:
	    - preset: claude
	    - preset: npm
	    - api.example.com
	    - "*.cdn.example.com"
	    - 192.168.1.50:5432/tcp
	    - host: gitlab.corp.example
	      ports: [443, 22/tcp]
	      private: true
	  deny:
	    - preset: metadata
	  inbound: [3000, 5173/tcp]
END
echo 'network: { allow: [ docs.example.com ], deny: [ 203.0.113.0/24 ] }' >.ccpod.yml
shows check netpale check -f policy.yml --project .ccpod.yml

echo "$cases cases"
[ "$cases" -gt 15 ] && [ "$failed" = 0 ]
