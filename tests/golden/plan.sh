#!/bin/bash
# `netpale plan` for each policy in plan/: NAME.yml and plan/answers give NAME.nft and NAME.json.
#
# The site is always the same: one subnet with its gateway, one resolver, in namespaces of our
# own. `plan.sh -update` writes the results anew; read the diff.
set -euo pipefail
cd "$(dirname "$0")/plan"
update=${1-}

if [ -z "${PLAN_INSIDE-}" ]; then
	if ! unshare --map-root-user --net --mount true; then
		echo 'SKIP: no namespaces here'
		[ "${NO_SKIP:-0}" = 0 ] || exit 1
		exit 77
	fi
	PLAN_INSIDE=1 exec unshare --map-root-user --net --mount "$BASH" ../plan.sh "$@"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf 'nameserver 172.30.0.53\nnameserver 2001:db8:30::53\n' >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
ip link set lo up
ip link add eth0 type veth peer name eth1
ip addr add 172.30.0.2/16 dev eth0
ip addr add 2001:db8:30::2/64 dev eth0 nodad
ip link set eth0 up
ip link set eth1 up
ip route add default via 172.30.0.1
ip route add default via 2001:db8:30::1

failed=0 cases=0
for policy in *.yml; do
	name=${policy%.yml}
	for format in nft json; do
		env -i ASAN_OPTIONS="${ASAN_OPTIONS-}" "$NETPALE" plan -q -f "$policy" \
			--trust-project ignore --answers answers --format "$format" >"$work/got" || {
			echo "FAIL: $name: no plan"
			failed=1
			continue
		}
		if [ "$format" = json ]; then
			mv "$work/got" "$work/flat"
			python3 -m json.tool "$work/flat" "$work/got"
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
[ "$cases" -gt 20 ] && [ "$failed" = 0 ]
