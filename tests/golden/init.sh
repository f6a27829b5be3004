#!/bin/bash
# `netpale init` in a directory of some kind prints init/KIND.yml and writes the same; `netpale check` has
# nothing to say of it, nor when each comment that is an entry is made one. What it finds may be hostile:
# it never waits, is never in the result but by hosts and ports, and what is there stays as it is.
# `init.sh -update` writes the results anew; read the diff.
set -euo pipefail
cd "$(dirname "$0")"
golden=$PWD/init update=${1-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0 cases=0
export SECRET=hunter2hunter2

fail() { # TEXT
	echo "FAIL: $kind: $1"
	failed=1
}
netpale() { # ARGUMENT...
	status=0
	env -i ASAN_OPTIONS="${ASAN_OPTIONS-}" timeout 20 "$NETPALE" "$@" >"$work/printed" 2>"$work/said" ||
		status=$?
}
exits() { # STATUS WHAT ARGUMENT...
	netpale "${@:3}"
	[ "$status" = "$1" ] || fail "$2: status $status, not $1: $(cat "$work/said")"
}
kind() { # KIND: an empty directory to be in
	kind=$1 cases=$((cases + 1))
	rm -rf "$work/place"
	mkdir "$work/place"
	cd "$work/place"
}
accepted() { # WHAT
	exits 0 "$1" check
	[ ! -s "$work/said" ] || fail "$1 says: $(cat "$work/said")"
}
makes() { # [ARGUMENT...]: KIND.yml, and a file that is accepted
	exits 0 'init --stdout' init --stdout "$@"
	cp "$work/printed" "$work/policy"
	if [ "$update" = -update ]; then
		cp "$work/policy" "$golden/$kind.yml"
	else
		diff -u "$golden/$kind.yml" "$work/policy" || fail "$kind.yml differs"
	fi
	[ ! -e .ccpod.yml ] || fail '--stdout writes a file'
	exits 0 init init "$@"
	[ ! -s "$work/printed" ] || fail 'init prints'
	cmp .ccpod.yml "$work/policy" || fail 'what is written differs from what is printed'
	accepted check
	sed -i 's/^    # - /    - /' .ccpod.yml
	accepted 'check of all entries'
	if LC_ALL=C grep -n '[^ -~]' "$work/policy"; then fail 'it is not plain text'; fi
	if LC_ALL=C grep -niE "$SECRET|.{90}" "$work/policy" "$work/said"; then fail 'that is said'; fi
}
remotes() { # LINE...: of .git/config
	mkdir -p .git
	printf '[remote "origin"]\n' >.git/config
	printf '\turl = %s\n' "$@" >>.git/config
}

kind nothing
makes --agent none
rm .ccpod.yml
exits 0 init init
[ "$(cat "$work/said")" = "netpale: wrote .ccpod.yml: read it, it is a guess; then try 'netpale check'" ] ||
	fail "init says: $(cat "$work/said")"

kind node
touch package.json pnpm-lock.yaml
printf '%s\n' "registry=https://bot:$SECRET@npm.corp.example/" \
	"@corp:registry=http://npm.corp.example:4873/@corp/" "//npm.corp.example/:_authToken=$SECRET" >.npmrc
remotes "https://$SECRET@github.com/a/b.git"
makes

kind python
touch pyproject.toml uv.lock requirements-dev.txt
echo "--extra-index-url https://bot:$SECRET@pypi.corp.example/simple" >requirements.txt
remotes git@gitlab.com:a/b.git ssh://git@git.corp.example:2222/a/b.git
makes --agent codex

kind polyglot
touch Cargo.toml go.mod Gemfile composer.json pom.xml build.gradle.kts App.csproj App.sln Dockerfile
mkdir .cargo
printf '[registries.corp]\nindex = "sparse+https://cargo.corp.example/"\n' >.cargo/config.toml
makes --agent none

kind compose
cat >compose.yml <<-'END'
	services:
	  db: { image: postgres, expose: [5432] }
	  web: { build: ., ports: ["127.0.0.1:8080:80", "53:53/udp"] }
	  worker: {}
END
printf '[submodule "a"]\n\turl = ../a.git\n[submodule "b"]\n\turl = https://b.example/b.git\n' >.gitmodules
remotes /srv/git/a.git
makes

kind worktree
echo 'gitdir: /srv/a/.git/worktrees/b' >.git
makes

kind hostile-contents
remotes "https://u:$SECRET@a.example/" "https://$SECRET/x@b.example/" "$SECRET:$SECRET@c.example:d" \
	'https://127.0.0.1/' 'https://169.254.169.254/' 'https://localhost/' 'https://*.example/' \
	'https://d.example\n    - preset: lan' $'\e[2J:x' 'ext::sh -c id'
printf '\tpushurl = "https://e.example"]\n[remote "\n    - evil.example\n"] url = f.example:x\n' >>.git/config
printf 'registry=https://a.example\r\nregistry=https://b\0.example\n\377\376registry=x\n' >.npmrc
printf 'services: { "a\\n- b": {}, "{": {}, preset: {expose: [1]}, "null": {expose: [1]}, *x : {} }\n' >compose.yml
printf 'services: { "a\\n- b": {}, "# ": {}, preset: {expose: [1]}, "null": {expose: [1]}, %s: {} }\n' "a@$SECRET" \
	>compose.yaml
{ for depth in {1..40}; do printf '%*sa:\n' "$depth" ''; done; } >docker-compose.yml
printf 'a: &a [x,x,x,x,x,x,x,x]\n' >docker-compose.yaml
for i in {b..k}; do
	printf '%s: &%s [*a,*a,*a,*a,*a,*a,*a,*a]\n' "$i" "$i" | sed "s/\\*a/*$(printf '%s' "$i" | tr b-k a-j)/g"
done >>docker-compose.yaml
makes

kind hostile-names
touch $'a\n    - evil.example\n.csproj' $'\e]0;x\a.sln' $'requirements\xff.txt' 'requirements - evil.example #.txt' \
	-- '--agent' '-rf'
mkdir package.json
mkfifo .npmrc Gemfile compose.yml x.fsproj
ln -s /dev/zero requirements.txt
ln -s "$work/said" Cargo.toml
ln -s nowhere go.mod
mkdir elsewhere
echo 'index-url = https://a.example' >elsewhere/pip.conf
printf '[registries.a]\nindex = "https://a.example"\n' >elsewhere/config.toml
printf '[remote "a"]\nurl = https://a.example\n' >elsewhere/config
ln -s elsewhere .pip
ln -s elsewhere .cargo
ln -s elsewhere .git
makes
exits 0 init init --stdout
for name in .git .npmrc Gemfile Cargo.toml go.mod requirements.txt compose.yml; do
	grep -qx "netpale: warning: $name: is not a regular file; left out" "$work/said" || fail "$name: nothing is said"
done

kind much
head -c 2000000 /dev/zero >.npmrc
for ((i = 0; i < 15000; i++)); do echo "-i https://n$i.example"; done >requirements.txt
for ((i = 0; i < 30000; i++)); do echo "  n$i: {}"; done >services
{ echo services: && cat services; } >compose.yml
rm services
for ((i = 0; i < 100; i++)); do echo "url = r$i.example:x"; done >remotes
mkdir .git
{ echo '[remote "x"]' && cat remotes; } >.git/config
makes --agent none
exits 0 init init --stdout
grep -qx 'netpale: warning: .npmrc: larger than 1048576 bytes; left out' "$work/said" || fail "$(cat "$work/said")"

# --- what is there stays ---------------------------------------------------------------------------

look() { find . "$work/policy" -printf '%p %l %i %y %s %T@\n'; }
stays() { # KIND COMMAND...: that makes .ccpod.yml
	kind "$1"
	"${@:2}"
	look >"$work/before"
	exits 64 init init
	grep -q '^netpale: .ccpod.yml is there already and stays as it is; ' "$work/said" ||
		fail "it says: $(cat "$work/said")"
	look | diff "$work/before" - || fail 'something changed'
}
stays a-file sh -c 'echo "network: { policy: none }" >.ccpod.yml'
stays an-empty-file touch .ccpod.yml
stays a-link-to-nothing ln -s nowhere .ccpod.yml
stays a-link-to-a-file ln -s "$work/policy" .ccpod.yml
stays a-directory mkdir .ccpod.yml
stays a-fifo mkfifo .ccpod.yml

# Half of it is in the file when there is no more room.
kind no-room
for ((i = 0; i < 60; i++)); do echo "-i https://n$i.example"; done >requirements.txt
(
	trap '' XFSZ
	ulimit -f 1
	exits 71 init init
	exit "$failed"
) || failed=1
grep -qx 'netpale: cannot write .ccpod.yml: File too large' "$work/said" || fail "it says: $(cat "$work/said")"
[ ! -e .ccpod.yml ] || fail 'half of it is there'
exits 0 'with room' init
accepted 'with room'

kind another-agent
exits 64 'init --agent cursor' init --agent cursor
grep -qx "netpale: --agent: expected claude, codex or none, not 'cursor'" "$work/said" || fail "$(cat "$work/said")"
[ ! -e .ccpod.yml ] || fail 'there is a file'

echo "$cases cases"
[ "$cases" -gt 15 ] && [ "$failed" = 0 ]
