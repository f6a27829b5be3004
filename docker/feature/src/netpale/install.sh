#!/bin/sh
# Puts netpale, the policy that the options say, and what a start runs into the image. As root, while the
# image is built; a fault ends the build.
set -eu

: "${POLICY:=restricted}" "${ALLOW=}" "${PRESETS=vscode,github,claude}" "${DNS:=automatic}"
here=$(cd "$(dirname "$0")" && pwd)
share=/usr/local/share/netpale
policy=/etc/netpale/policy.yml
mark='# Written by the Feature netpale, from its options.'

die() { echo "netpale: $*" >&2; exit 64; }

# name_of USER[:GROUP]: without the group. is_root USER: also by its number.
name_of() { echo "${1%%:*}"; }
is_root() { [ "$1" = 0 ] || [ "$(id -u "$1" 2>/dev/null)" = 0 ]; }

# The fence is root's, who starts the container; whoever works in it must not be. Who is made later, by
# another Feature, is looked for at the start.
check_users() {
	starts=$(name_of "${_CONTAINER_USER:-root}") works=$(name_of "${_REMOTE_USER:-root}")
	is_root "$starts" || die "containerUser: '$starts' cannot raise a fence: say \"containerUser\": \"root\""
	! is_root "$works" || die "remoteUser: '$works' could take the fence down: name another \"remoteUser\""
	agent=${USER:-automatic}
	[ "$agent" != automatic ] || { agent=$works; return; }
	id -u "$agent" >/dev/null 2>&1 || die "user: '$agent' is no user of this image"
	! is_root "$agent" || die "user: '$agent' is not fenced: name another user"
}

check_words() {
	case $POLICY in
	restricted | audit | none | full | file) ;;
	*) die "policy: '$POLICY' is none of restricted, audit, none, full, file" ;;
	esac
	case $DNS in
	automatic | resolvers | guarded | pinned) ;;
	*) die "dns: '$DNS' is none of automatic, resolvers, guarded, pinned" ;;
	esac
	case $POLICY in
	none | full | file) [ -z "$ALLOW" ] || die "allow: '$ALLOW' has no effect with policy: $POLICY" ;;
	esac
}

# each PREFIX TEXT: a line of YAML for each word. One with a quote is then no YAML, and netpale says where.
each() (
	set -f
	IFS=",$(printf ' \t\n.')" && IFS=${IFS%.}
	for word in $2; do
		printf "    - '%s%s'\n" "$1" "$word"
	done
)

print_policy() {
	printf '%s\nnetwork:\n  policy: %s\n' "$mark" "$POLICY"
	case $POLICY in
	restricted | audit)
		printf '  allow:\n'
		each '' "$ALLOW"
		each preset: "$PRESETS"
		printf '  deny:\n    - preset: metadata\n' ;;
	esac
	[ "$DNS" = automatic ] || printf '  dns: %s\n' "$DNS"
	# A project's file is the agent's.
	printf '  trust_project: ignore\n'
}

# A policy of somebody else stays what it is.
write_policy() {
	if [ "$POLICY" = file ]; then
		[ -f "$policy" ] || die "policy: 'file', but the image has no $policy"
		return
	fi
	[ ! -e "$policy" ] || [ "$(head -n 1 "$policy")" = "$mark" ] ||
		die "policy: '$POLICY', but the image has a $policy: say policy: file, or leave that out"
	mkdir -p "${policy%/*}"
	print_policy >"$policy.new"
	chmod 644 "$policy.new"
	mv -f "$policy.new" "$policy"
}

# Findings (1) are said and count as with any policy; a fault ends here.
check_policy() {
	status=0
	env -i "$here/netpale" check -q -f "$policy" >/dev/null || status=$?
	[ "$status" -le 1 ] || exit "$status"
}

[ "$(id -u)" = 0 ] || die 'install.sh must run as root'
[ -f "$here/netpale" ] || die "$here has no netpale: docker/feature/pack puts it there"
"$here/netpale" version >/dev/null || die "$here/netpale does not run here: is it for another processor?"
umask 022
check_users
check_words
write_policy
check_policy
mkdir -p "$share" /usr/local/bin
cp "$here/netpale" /usr/local/bin/netpale.new
mv -f /usr/local/bin/netpale.new /usr/local/bin/netpale
cp "$here/entrypoint" "$here/ready" "$here/closed.yml" "$share/"
echo "$agent" >"$share/user"
chmod 755 "$share/entrypoint" "$share/ready"
