#!/bin/bash
# `netpale plan --format networkpolicy` and `--format cilium` for each policy in kubernetes/: NAME.yml and
# kubernetes/answers give NAME.networkpolicy and NAME.cilium, or there the reason why not (status 65).
#
# Each object must fit the published schema, and for whatever destination it must say what the plan of
# the same policy says: for these, and for policies that nobody wrote. `kubernetes.sh -update` writes the
# results anew; read the diff.
set -euo pipefail
cd "$(dirname "$0")/kubernetes"
update=${1-}

# The plan that is compared is that of a place without a network, as the objects are.
if [ -z "${KUBERNETES_INSIDE-}" ]; then
	if ! unshare --map-root-user --net true || ! node --version >/dev/null 2>&1; then
		echo 'SKIP: no namespaces or no node here'
		[ "${NO_SKIP:-0}" = 0 ] || exit 1
		exit 77
	fi
	KUBERNETES_INSIDE=1 exec unshare --map-root-user --net "$BASH" ../kubernetes.sh "$@"
fi

netpale() { env -i ASAN_OPTIONS="${ASAN_OPTIONS-}" ${answers:+NETPALE_ANSWERS="$answers"} "$NETPALE" "$@"; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0 cases=0

for policy in *.yml; do
	name=${policy%.yml}
	for format in networkpolicy cilium; do
		status=0
		netpale plan -q -f "$policy" --trust-project ignore --answers answers --format "$format" \
			>"$work/got" 2>"$work/said" || status=$?
		if [ "$status" != 0 ]; then
			[ ! -s "$work/got" ] || { echo "FAIL: $name: refused, and printed" && failed=1; }
			{ echo "# status $status" && cat "$work/said"; } >"$work/got"
		fi
		if [ "$update" = -update ]; then
			cp "$work/got" "$name.$format"
		elif ! diff -u "$name.$format" "$work/got"; then
			echo "FAIL: $name.$format differs"
			failed=1
		fi
		cases=$((cases + 1))
	done
done
echo "$cases cases"
[ "$cases" -gt 40 ] && [ "$failed" = 0 ]
node judge.mjs "$work" 40

# The manifests, and the policies in them; with the commands of their page.
node manifests.mjs "$work" ../../../docker/kubernetes/*.yml
cd "$work"
for_cilium() {
	netpale plan -f policy.yml --format cilium >cilium.yml
}
for_others() {
	netpale plan -f policy.yml --format networkpolicy >networkpolicy.yml
}
touch nothing
answers=nothing
for policy in guarded fenced; do
	mv "$policy.policy" policy.yml
	netpale check -q -f policy.yml >/dev/null
	for_cilium 2>said
	grep -q 'api.agents.svc.cluster.local stays closed' said
	grep -qx '# Closed: api.agents.svc.cluster.local (private: true)' cilium.yml
done
for_others 2>said
grep -q 'skipped api.agents.svc.cluster.local' said
