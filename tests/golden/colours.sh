#!/bin/bash
# Colour is for who can see it: on a terminal, unless NO_COLOR is set and not empty or TERM is dumb.
# Without the colours a line is the same everywhere.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0

red=$'\033[31m' yellow=$'\033[33m' end=$'\033[0m'
# A warning: a project may not widen it so. An error: of a file, and of the command line.
echo 'network: { policy: restricted }' >profile.yml
echo 'network: { policy: full }' >loose.yml
touch none.yml
warning=(check -f profile.yml --project loose.yml)
error=(check --policy ful --project none.yml)

on_terminal() { # [NAME=VALUE...] -- ARGUMENT...
	local variables=() command
	while [ "$1" != -- ]; do variables+=("$1") && shift; done
	printf -v command '%q ' env -i ASAN_OPTIONS="${ASAN_OPTIONS-}" "${variables[@]}" "$NETPALE" "${@:2}"
	# What goes to stdout is not looked at here.
	script -qec "$command >/dev/null" /dev/null </dev/null | tr -d '\r' || :
}
piped() { # NAME=VALUE... -- ARGUMENT...
	local variables=()
	while [ "$1" != -- ]; do variables+=("$1") && shift; done
	env -i ASAN_OPTIONS="${ASAN_OPTIONS-}" "${variables[@]}" "$NETPALE" "${@:2}" 2>said >/dev/null || :
	cat said
}
same() { # WHAT EXPECTED GOT
	[ "$2" = "$3" ] || {
		echo "FAIL: $1:"
		diff <(echo "$2" | cat -v) <(echo "$3" | cat -v) || :
		failed=1
	}
}

plain_warning="netpale: warning: loose.yml:1:20: policy: full is looser than restricted (profile.yml:1) \
and a project may only tighten; restricted holds"
faults=("--policy: expected full, audit, restricted or none, not 'ful'; did you mean 'full'?"
	'the flags are not understood')
plain_error=$(printf 'netpale: %s\n' "${faults[@]}")

same 'a warning on a pipe' "$plain_warning" "$(piped TERM=xterm -- "${warning[@]}")"
same 'errors on a pipe' "$plain_error" "$(piped TERM=xterm -- "${error[@]}")"
same 'a warning on a terminal' "${plain_warning/warning:/${yellow}warning:$end}" \
	"$(on_terminal TERM=xterm -- "${warning[@]}")"
same 'errors on a terminal' "$(printf "netpale: $red%s$end\n" "${faults[@]}")" \
	"$(on_terminal TERM=xterm -- "${error[@]}")"
same 'NO_COLOR that is empty' "${plain_warning/warning:/${yellow}warning:$end}" \
	"$(on_terminal TERM=xterm NO_COLOR= -- "${warning[@]}")"
for variables in 'TERM=xterm NO_COLOR=1' 'TERM=xterm NO_COLOR=0' 'TERM=dumb' 'TERM=' 'A=b'; do
	read -ra each <<<"$variables"
	same "a warning with $variables" "$plain_warning" "$(on_terminal "${each[@]}" -- "${warning[@]}")"
	same "errors with $variables" "$plain_error" "$(on_terminal "${each[@]}" -- "${error[@]}")"
done
same 'JSON on a terminal' '{"version":1,"level":"error","text":"the flags are not understood"}' \
	"$(on_terminal TERM=xterm -- "${error[@]}" --json | tail -n 1)"
exit $failed
