#!/bin/bash
# `netpale check` in each directory beside this script says what stands there.
#
# A case NAME/ holds some of: profile.yml, .ccpod.yml, env (lines NAME=VALUE), flags (one line);
# printed.yml is then what check prints, said what it says besides (status 1 when there is any).
# A case refused/NAME/ holds the same inputs, and in said why they are refused (status 65).
# examples/NAME.yml is what config/examples/NAME.yml prints. What was printed must be accepted as
# a profile and print the same again. `check.sh -update` writes all of it anew; read the diff.
set -euo pipefail
cd "$(dirname "$0")"
update=${1-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
touch "$work/none.yml"
mkdir -p examples
failed=0 cases=0

fail() { # CASE TEXT
	echo "FAIL: $1: $2"
	failed=1
}

same() { # CASE EXPECTED GOT: an empty result is no file
	if [ "$update" = -update ]; then
		if [ -s "$3" ]; then cp "$3" "$2"; else rm -f "$2"; fi
	elif [ -s "$3" ] || [ -e "$2" ]; then
		diff -u "$2" "$3" || fail "$1" "${2##*/} differs"
	fi
}

# Nothing of the surroundings counts: neither variables nor /etc/netpale/policy.yml.
check() { # [NAME=VALUE...] -- ARGUMENT...
	local variables=()
	while [ "$1" != -- ]; do
		variables+=("$1")
		shift
	done
	shift
	status=0
	env -i ASAN_OPTIONS="${ASAN_OPTIONS-}" "${variables[@]}" "$NETPALE" check "$@" \
		>"$work/printed" 2>"$work/said" || status=$?
}

run_case() { # DIRECTORY
	local arguments=() variables=() flags=()
	[ ! -e "$1/profile.yml" ] || arguments=(-f profile.yml)
	# Left to be found it would be named by its whole path.
	[ ! -e "$1/.ccpod.yml" ] || arguments+=(--project .ccpod.yml)
	[ ! -e "$1/env" ] || mapfile -t variables <"$1/env"
	[ ! -e "$1/flags" ] || read -ra flags <"$1/flags"
	pushd "$1" >/dev/null
	check "${variables[@]}" -- "${arguments[@]}" "${flags[@]}"
	popd >/dev/null
	cases=$((cases + 1))
}

without_places() { sed 's/  *#.*//; /^$/d' "$work/printed"; }

# But for the comments, which say where things stand.
accepted_again() { # CASE
	without_places >"$work/once"
	cp "$work/printed" "$work/again.yml"
	check -- -f "$work/again.yml" --project "$work/none.yml"
	[ $status -le 1 ] || fail "$1" "what it printed is not accepted: $(cat "$work/said")"
	without_places | diff -u "$work/once" - ||
		fail "$1" 'what it printed reads otherwise'
}

for inputs in */; do
	name=${inputs%/}
	case $name in
	refused | examples | init | kubernetes | log | plan | schema | suggest | tables) continue ;;
	esac
	run_case "$name"
	same "$name" "$name/printed.yml" "$work/printed"
	same "$name" "$name/said" "$work/said"
	[ $status = "$([ -s "$work/said" ] && echo 1 || echo 0)" ] || fail "$name" "status $status"
	accepted_again "$name"
done

for inputs in refused/*/; do
	name=${inputs%/}
	run_case "$name"
	same "$name" "$name/said" "$work/said"
	[ $status = 65 ] || fail "$name" "status $status, not 65"
	[ ! -s "$work/printed" ] || fail "$name" 'it printed a policy all the same'
done

for example in ../../config/examples/*.yml ../../config/policy.yml; do
	name=${example##*/}
	cp "$example" "$work/$name"
	pushd "$work" >/dev/null
	check -- -f "$name" --project none.yml
	popd >/dev/null
	cases=$((cases + 1))
	[ $status = 0 ] || fail "$example" "status $status: $(cat "$work/said")"
	same "$example" "examples/$name" "$work/printed"
	accepted_again "$example"
done

echo "$cases cases"
[ $cases -gt 50 ] || fail check 'the cases are not there'
exit $failed
