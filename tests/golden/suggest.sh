#!/bin/bash
# `netpale suggest` in each directory of suggest/ prints suggested.yml from profile.yml (where there is
# one), flags (one line) and refused.jsonl, in namespaces of our own; what it says besides is said.
#
# `netpale check` accepts each without a finding, and a second suggestion with it as the profile
# adds nothing to what is used. `suggest.sh -update` writes the results anew; read the diff.
set -euo pipefail
cd "$(dirname "$0")/suggest"
update=${1-}

if [ -z "${SUGGEST_INSIDE-}" ]; then
	if ! unshare --map-root-user --net --mount true; then
		echo 'SKIP: no namespaces here'
		[ "${NO_SKIP:-0}" = 0 ] || exit 1
		exit 77
	fi
	SUGGEST_INSIDE=1 exec unshare --map-root-user --net --mount "$BASH" ../suggest.sh "$@"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf 'nameserver 172.30.0.53\n' >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/netpale
# A subnet with its gateway: what is on-link counts for names of one label.
ip link set lo up
ip link add eth0 type veth peer name eth1
ip addr add 172.30.0.2/16 dev eth0
ip link set eth0 up
ip link set eth1 up
ip route add default via 172.30.0.1
failed=0 cases=0

fail() { # TEXT
	echo "FAIL: $name: $1"
	failed=1
}
same() { # EXPECTED GOT: an empty result is no file
	if [ "$update" = -update ]; then
		if [ -s "$2" ]; then cp "$2" "$1"; else rm -f "$1"; fi
	elif [ -s "$2" ] || [ -e "$1" ]; then
		diff -u "$1" "$2" || fail "${1##*/} differs"
	fi
}
run() { # ARGUMENT...
	status=0
	(cd "$work" && env -i ASAN_OPTIONS="${ASAN_OPTIONS-}" "$NETPALE" "$@") \
		>"$work/printed" 2>"$work/said" || status=$?
}
# What counts: neither comments nor what stands in them.
bare() { # FILE
	sed -E '/^ *#/d; s/  #.*//' "$1"
}

for name in */; do
	name=${name%/}
	profile=() flags=()
	cp "$name/refused.jsonl" /run/netpale/
	if [ -e "$name/profile.yml" ]; then
		cp "$name/profile.yml" "$work"
		profile=(-f profile.yml)
	fi
	[ ! -e "$name/flags" ] || read -ra flags <"$name/flags"
	run suggest "${profile[@]}" "${flags[@]}"
	cases=$((cases + 1))
	[ $status = 0 ] || fail "status $status: $(cat "$work/said")"
	cp "$work/printed" "$work/suggested.yml"
	same "$name/suggested.yml" "$work/suggested.yml"
	same "$name/said" "$work/said"

	run check -f suggested.yml
	[ $status = 0 ] || fail "check finds something: $(cat "$work/said")"
	run suggest -f suggested.yml "${flags[@]}"
	diff <(bare "$work/suggested.yml") <(bare "$work/printed") ||
		fail 'a suggestion for what was suggested differs'
done

echo "$cases cases"
[ $cases -gt 5 ] && [ $failed = 0 ]
