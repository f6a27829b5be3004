#!/bin/bash
# What docker/warden/README.md says to type makes a policy of Warden's lists that allows the same names.
set -euo pipefail
command -v jq >/dev/null || { echo 'SKIP: no jq'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
: >nobody
failed=0

equals() { # WHAT WANTED GOT
	[ "$2" = "$3" ] || { echo "FAIL: $1: wanted '$2', got '$3'"; failed=1; }
}

from_file() {
	jq '{network: {policy: (.networkMode // "full"), allow:
		[.agents["claude-code"].allowedDomains[]? | "." + ltrimstr("*.")]}}' .warden.json >policy.yml
}

from_variables() {
	allow=$(printf %s "$WARDEN_ALLOWED_DOMAINS" | sed -E 's/ //g; s/(^|,)(\*\.)?/\1./g')
	netpale run --policy "$WARDEN_NETWORK_MODE" --allow "$allow" -- claude
}

# What the policy is, without its places.
netpale() { # run OPTION... -- COMMAND
	env -i ASAN_OPTIONS="${ASAN_OPTIONS-}" "$NETPALE" check "${@:2:$#-3}" | sed 's/  *#.*//'
}
in_words() { # LINE...
	printf '%s\n' network: "$@" '  trust_project: extend'
}
restricted=('  policy: restricted' '  allow:' '    - .api.example.com' '    - .example.net'
	'  dns: guarded' '  inbound: deny' '  host_gateway: false')
full=('  policy: full' '  dns: resolvers' '  inbound: allow')

# template MODE: as Warden writes it.
template() {
	echo '{"image": "ghcr.io/x/y:1", "skipPermissions": true, "networkMode": "'"$1"'", "costBudget": 5,
		"runtimes": ["node"], "forwardedPorts": [5173], "agents": {
		"claude-code": {"allowedDomains": ["api.example.com", "*.example.net"]},
		"codex": {"allowedDomains": ["other.example.org"]}}}' >.warden.json
}
template restricted
from_file
equals 'the file' "$(in_words "${restricted[@]}")" "$(netpale run -f policy.yml -- claude)"
WARDEN_NETWORK_MODE=restricted WARDEN_ALLOWED_DOMAINS='api.example.com, *.example.net'
equals 'the variables' "$(in_words "${restricted[@]}")" "$(from_variables)"

# allowed HOST: does the policy say so?
allowed() {
	local status=0
	env -i ASAN_OPTIONS="${ASAN_OPTIONS-}" "$NETPALE" explain -f policy.yml --trust-project ignore \
		--answers nobody "$1" >said 2>&1 || status=$?
	echo $status
}
for host in api.example.com a.b.api.example.com example.net www.example.net; do
	equals "$host is allowed, as in Warden" 0 "$(allowed "$host:443")"
done
for host in example.com notexample.net other.example.org; do
	equals "$host is refused, as in Warden" 1 "$(allowed "$host:443")"
done

echo '{}' >.warden.json
from_file
equals 'a file that says nothing' "$(in_words "${full[@]}")" "$(netpale run -f policy.yml -- claude)"
WARDEN_NETWORK_MODE=full WARDEN_ALLOWED_DOMAINS=
equals 'variables that allow all' "$(in_words "${full[@]}")" "$(from_variables)"
template none
from_file
equals 'no network' none "$(netpale run -f policy.yml -- claude | sed -n 's/^  policy: //p')"
equals 'nothing is allowed then' 1 "$(allowed api.example.com:443)"
exit $failed
