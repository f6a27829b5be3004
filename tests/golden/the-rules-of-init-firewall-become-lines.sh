#!/bin/bash
# docker/init-firewall/policy.yml: what the rules of the reference script let out, by which line, and what
# they let out no more. Names have the addresses that are given here.
set -euo pipefail
cd "$(dirname "$0")/../../docker/init-firewall"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm=npmjs.org last=0
for name in api.anthropic.com statsig.anthropic.com statsig.com sentry.io "registry.$npm" api.github.com \
	marketplace.visualstudio.com update.code.visualstudio.com example.com; do
	echo "11.0.0.$((++last)) $name"
done >"$work/answers"
failed=0

netpale() { env -i ASAN_OPTIONS="${ASAN_OPTIONS-}" "$NETPALE" "$@" -f policy.yml --trust-project ignore; }

if ! said=$(netpale check 2>&1 >/dev/null) || [ -n "$said" ]; then
	echo "FAIL: check says '$said'"
	failed=1
fi
netpale plan -q --answers "$work/answers" --format json >"$work/plan"

# "allowed" or "refused", and the line that decides.
decision() { # DESTINATION
	local said line
	said=$(netpale explain -q --answers "$work/answers" "$1" || :)
	line=$(sed -n 's/.*(policy\.yml:\([0-9]*\))$/\1/p' <<<"$said")
	echo "${said%%:*}" "${line:+$(sed -n "$line{s/^ *- *//; s/ *#.*//; p}" policy.yml)}"
}
cases=0
while read -r destination wanted; do
	got=$(decision "$destination")
	[ "${got% }" = "$wanted" ] || { echo "FAIL: $destination: wanted '$wanted', got '$got'"; failed=1; }
	cases=$((cases + 1))
done <<END
api.anthropic.com:443 allowed preset: claude
statsig.anthropic.com:443 allowed preset: claude
statsig.com:443 allowed statsig.com:443
sentry.io:443 allowed sentry.io:443
registry.$npm:443 allowed preset: npm
marketplace.visualstudio.com:443 allowed preset: vscode
update.code.visualstudio.com:443 allowed preset: vscode
api.github.com:443 allowed preset: github
140.82.112.3:443 allowed preset: github
140.82.112.3:22 allowed preset: github
api.anthropic.com:80 refused
198.51.100.7:22 refused
9.9.9.9:53/udp refused
example.com:443 refused
169.254.169.254:80 refused preset: metadata
[2606:4700::1]:443 refused
END
echo "$cases cases"
exit $failed
