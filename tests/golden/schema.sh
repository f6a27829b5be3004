#!/bin/bash
# config/netpale.schema.json says of a policy what netpale says of it, and the manual has its words.
#
# schema/files.js reads the policies that lie here, words.js knows every key and word, edges.js tries what is
# just allowed or just not, and random.js draws policies (SEED draws others). What a schema cannot say is
# listed there, each with its reason.
set -euo pipefail
cd "$(dirname "$0")"
if ! node -e 'require("ajv/dist/2020"), require("yaml")'; then
	echo 'SKIP: no node with ajv and yaml'
	[ "${NO_SKIP:-0}" = 0 ] || exit 1
	exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export WORK=$work
failed=0
for part in files words edges random; do
	node "schema/$part.js" || failed=1
done
exit $failed
