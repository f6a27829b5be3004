#!/bin/bash
# docker/feature where something is wrong: a bad option ends the build, a bad start ends `devcontainer up`;
# both say why, and nothing is open.
. "$(dirname "$0")/lib.sh"
. "$tests/feature.bash"

net=$(network net)
server "$net" web 80

# fails WHAT WHY: so does `devcontainer up`.
fails() {
	capture up
	lacks "$1: devcontainer up fails" '"outcome":"success"' "$out"
	contains "$1: it says why" "$2" "$(cat "$work/cli.log")"
}

project '{"allow": "web:80, web:99999", "presets": ""}'
fails 'a bad entry' "/etc/netpale/policy.yml:6:7: port '99999' is not in 1-65535"
equals 'no container runs' '' "$(container)"

project '{"allow": "web:80", "presets": ""}' '.containerEnv = {"NETPALE_DENY": "web:99999"} |
	.onCreateCommand = "touch /tmp/reached"'
fails 'a bad variable at the start' "port '99999' is not in 1-65535"
capture docker exec -u agent "$(container)" bash -c "exec 3<>/dev/tcp/$(address web)/80"
contains 'not even what the policy allows is open' 'Connection refused' "$out"
capture docker exec "$(container)" ls /tmp/reached
[ "$status" != 0 ] || fail "the project's own commands ran"
contains 'which is said' 'so everything is closed' "$(cat "$work/cli.log")"
discard

# A container that is given no NET_ADMIN cannot be fenced at all.
project '{"allow": "web:80", "presets": ""}'
feature=$work/project/.devcontainer/netpale/devcontainer-feature.json
jq 'del(.capAdd)' "$feature" >"$work/without.json"
cp "$work/without.json" "$feature"
fails 'without NET_ADMIN' '--cap-add NET_ADMIN'
capture docker exec -u agent "$(container)" netpale verify
equals 'netpale verify fails, too' 1 "$status"
contains 'because nothing is in force' 'nothing is in force' "$out"
contains 'which is said, too' 'so there is no fence' "$(cat "$work/cli.log")"
discard

# install.sh itself, all in one container: WORDS are what the command line would give it beside the defaults.
# refuses STATUS WHY WORDS...
refuses() { cases+=$(printf '%q ' "$@")$'\n'; }
cases=
refuses 64 "policy: 'no' is none of restricted, audit, none, full, file" POLICY=no
refuses 64 "dns: 'guard' is none of automatic, resolvers, guarded, pinned" DNS=guard
refuses 64 "user: 'nobdy' is no user of this image" USER=nobdy
refuses 64 "user: 'root' is not fenced" USER=root
refuses 64 "remoteUser: 'root' could take the fence down" _REMOTE_USER=root
refuses 64 "containerUser: 'agent' cannot raise a fence" _CONTAINER_USER=agent
refuses 64 "allow: 'web' has no effect with policy: none" POLICY=none ALLOW=web
refuses 64 "policy: 'file', but the image has no /etc/netpale/policy.yml" POLICY=file
refuses 65 "policy.yml:5:7: there is no preset 'npmm'; did you mean 'npm'?" PRESETS=npmm
refuses 65 "policy.yml:5:10: '- 'a'b'' is not YAML" "ALLOW=a'b"
refuses 65 "'*.example.com'" 'ALLOW=*.example.com' DNS=resolvers
refuses 64 "has a /etc/netpale/policy.yml: say policy: file" OTHERS=1
cat >"$work/cases.sh" <<'CASES'
install() { env _REMOTE_USER=agent _CONTAINER_USER=root USER=automatic "$@" /feature/install.sh 2>&1; }
mkdir -p /etc/netpale
refuses() {
	local wanted=$1 why=$2 out status=0
	shift 2
	rm -f /etc/netpale/policy.yml
	[ "$1" != OTHERS=1 ] || echo 'network: {policy: none}' >/etc/netpale/policy.yml
	out=$(install "$@") || status=$?
	[ "$status" = "$wanted" ] && [[ $out == *"$why"* ]] || echo "NOT $wanted $why: $status $out"
	[ ! -e /usr/local/share/netpale ] || echo "NOT before anything is installed: $*"
	echo "refused $*"
}
CASES
cat >>"$work/cases.sh" <<CASES
$(sed 's/^/refuses /;/^refuses $/d' <<<"$cases")
CASES
cat >>"$work/cases.sh" <<'CASES'
# What serves, twice, is the same; a policy of the image's own stays.
rm -f /etc/netpale/policy.yml
for i in 1 2; do
	install ALLOW='*.example.com:443, 192.0.2.1' PRESETS=npm
	(cd /usr/local && md5sum /etc/netpale/* share/netpale/* bin/netpale) >/tmp/$i
done
cmp /tmp/1 /tmp/2 && echo same
find /etc/netpale /usr/local/share/netpale /usr/local/bin/netpale \( -not -user 0 -or -perm /022 \) -printf 'NOT root alone writes %p\n'
cat /etc/netpale/policy.yml
echo 'network: {policy: none}  # mine' >/etc/netpale/policy.yml
install POLICY=file && cat /etc/netpale/policy.yml
CASES
capture docker run --rm --label "$label" --network none -v "$work/cases.sh:/cases.sh:ro" \
	-v "$work/project/.devcontainer/netpale:/feature:ro" --entrypoint bash "$image" /cases.sh
equals 'install.sh ends well' 0 "$status"
lacks 'it refuses what it does not understand, and says where' NOT "$out"
equals 'each of them' 12 "$(grep -c ^refused <<<"$out")"
contains 'installed twice it is the same' same "$out"
contains 'the options are a policy' "  policy: restricted
  allow:
    - '*.example.com:443'
    - '192.0.2.1'
    - 'preset:npm'
  deny:
    - preset: metadata
  trust_project: ignore
" "$out"
contains "a policy of the image's own stays" '# mine' "$out"
