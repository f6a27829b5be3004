#!/bin/bash
# What is said with --json is JSON, in the form that netpale(8) promises: what can be seen of that
# without a fence. tests/netns/json-tells-the-same-in-fields.sh looks at the rest.
set -euo pipefail
cd "$(dirname "$0")"
. ./json.bash
GOLDEN=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0 cases=0

netpale() { env -i ASAN_OPTIONS="${ASAN_OPTIONS-}" "$NETPALE" "$@"; }
check() { # SENTENCE COMMAND...
	cases=$((cases + 1))
	"${@:2}" >checked 2>&1 || {
		echo "FAIL: $1"
		cat checked
		failed=1
	}
}
results() { # ITEM COMMAND...: its result fits, and nothing is said
	"${@:2}" >result 2>said || :
	[ ! -s said ] && fits_manual "$1" <result
}
says_json() { # STATUS TEXT COMMAND...: on stderr, in lines of JSON
	local status=0
	"${@:3}" >result 2>said || status=$?
	cat said
	[ "$status" = "$1" ] && fits_manual messages <said && jq -r .text said | grep -qF -- "$2" &&
		[ "$(jq -s length said)" = "$(wc -l <said)" ]
}

cat >policy.yml <<-'END'
	network:
	  allow: [ preset: npm, api.example.com, 192.0.2.0/24 ]
	  deny: [ preset: metadata ]
END
echo 'network: { dns: guarded, allow: [ "*.example.com" ], deny: [ b.example.com ] }' >guarded.yml
echo 'network: { policy: full, allow: [ d.example.com ] }' >project.yml
echo '198.51.100.7 api.example.com' >answers
policy=(-f policy.yml --trust-project ignore)

check 'check' results 'Cm check' netpale check "${policy[@]}" --json
plans() {
	netpale plan -q "${policy[@]}" --answers answers --json
	netpale plan -q -f guarded.yml --trust-project ignore --answers answers --format json
}
check 'plan, with --json and --format json' results 'Cm plan' plans
check 'presets' results 'Cm presets' netpale presets --json
check 'a preset' results 'Cm presets Ar name' netpale presets npm --json
explains() {
	for destination in api.example.com 169.254.169.254 other.example; do
		netpale explain "${policy[@]}" --answers answers --json $destination || :
	done
	echo '{"version":1,"last":{}}' # where there is a record
}
check 'explain' results 'Cm explain' explains
check 'verify' results 'Cm verify' netpale verify --json
logs() {
	cat "$GOLDEN/log/json"
	echo '{"version":1,"packets":1}' # where there is a fence
}
check 'log' results 'Cm log' logs
check 'suggest' results 'Cm suggest' netpale suggest -q "${policy[@]}" --json
check 'init' results 'Cm init' netpale init --stdout --json
check 'version' results 'Cm version' netpale version --json

check 'an error of the command line' says_json 64 'did you mean' netpale check --polcy full --json
check 'an error of a policy' says_json 65 'expected full' netpale check --policy ful --json
check 'one of run' says_json 125 'needs' netpale run --json
check 'a variable does it, too' says_json 64 'does not take' env NETPALE_JSON=1 "$NETPALE" apply x
check 'a warning' says_json 1 'looser' netpale check -f policy.yml --project project.yml --json
warned() { jq -e 'select(.level == "warning").text == "project.yml:1:20: policy: full is looser than " +
	"restricted (by default) and a project may only tighten; restricted holds"' said; }
check 'has the text that people read' warned
check 'what is quoted is escaped once' says_json 64 "take 'a\"\\x1b\\x5cb'" netpale check --json $'a"\e\\b'
check 'reload' says_json 71 'no guard' netpale reload --json
check 'status' says_json 71 'no guard' netpale status --json
check 'explain' says_json 64 'one port' netpale explain "${policy[@]}" --json 192.0.2.1:1-2
check 'verify' says_json 64 'only TCP' netpale verify --closed 192.0.2.1:1/udp --json
check 'exec' says_json 125 'COMMAND' netpale exec --json

# A verb that takes --json has its place in the manual.
awk '/^\.Sh/ { inside = $2 == "JSON" } inside && /^\.(It|Cm)/' "$MANUAL" >items
for verb in $(netpale --help | sed -n 's/^  netpale \([a-z]*\) .*/\1/p'); do
	netpale "$verb" --help | grep -qe '--json' || continue
	check "$verb is documented" grep -w "$verb" items
done

echo "$cases cases"
[ "$cases" -gt 20 ] && [ "$failed" = 0 ]
