#!/bin/bash
# Whatever goes wrong before the agent starts, the agent does not start.
. "$(dirname "$0")/lib.sh"

net=$(network net)
mkdir -m 777 "$work/witness"
agent=(touch /witness/ran)
policy 192.0.2.1:443

# try OPTION...: the agent would leave a file behind.
try() { capture fenced --network "$net" -v "$work/witness:/witness" "$@"; }

never_ran() {
	[ ! -e "$work/witness/ran" ] || fail "$1: the agent ran"
	equals "$1" "$2" "$status"
	[ -z "${3-}" ] || contains "$1: it says why" "$3" "$out"
	lacks "$1: no line says that it started" 'netpale: restricted' "$out"
}

try "$image" "${agent[@]}"
equals 'the agent runs when nothing is wrong' 0 "$status"
rm "$work/witness/ran"

privileges=(--cap-drop NET_RAW)
try "$image" "${agent[@]}"
never_ran 'without NET_ADMIN' 125 '--cap-add NET_ADMIN'
privileges=(--cap-add NET_ADMIN --cap-drop SETUID)
try "$image" "${agent[@]}"
never_ran 'without SETUID' 125 SETUID
for capability in KILL SETGID; do
	privileges=(--cap-add NET_ADMIN --cap-drop "$capability")
	try -e NETPALE_DNS=guarded "$image" "${agent[@]}"
	never_ran "without $capability for the guard" 125 "--cap-add $capability"
done
privileges=(--cap-add NET_ADMIN --cap-drop NET_RAW)

try --user 1000 "$image" "${agent[@]}"
never_ran 'with USER in the image' 125 USER

printf '%s' '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["socket"],
	"action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 16, "op": "SCMP_CMP_EQ"},
	{"index": 2, "value": 12, "op": "SCMP_CMP_EQ"}]}]}' >"$work/no-netfilter.json"
try --security-opt seccomp="$work/no-netfilter.json" "$image" "${agent[@]}"
never_ran 'where netfilter may not be spoken to' 125

try -e NETPALE_PROFILE=/nowhere.yml "$image" "${agent[@]}"
never_ran 'with a profile that is named and missing' 125 /nowhere.yml
with_policy=(-v "$work/witness:/etc/netpale/policy.yml:ro")
try "$image" "${agent[@]}"
never_ran 'with a directory as policy' 125 /etc/netpale/policy.yml
with_policy=()
try "$image" "${agent[@]}"
never_ran 'without any policy' 125 policy
policy 192.0.2.1:99999
try "$image" "${agent[@]}"
never_ran 'with a port that is none' 125 policy.yml:4
policy 192.0.2.1:443
chmod 000 "$work/policy.yml"
privileges=(--cap-add NET_ADMIN --cap-drop DAC_OVERRIDE --cap-drop DAC_READ_SEARCH)
chown 1 "$work/policy.yml"
try "$image" "${agent[@]}"
never_ran 'with a policy that may not be read' 125 policy.yml
privileges=(--cap-add NET_ADMIN --cap-drop NET_RAW)
policy '{host: nobody.example, required: true}'
try --add-host resolver.example:192.0.2.53 --dns 192.0.2.53 -e NETPALE_RESOLVE_TIMEOUT=1 \
	"$image" "${agent[@]}"
never_ran 'with a required name that does not resolve' 125 nobody.example

policy 192.0.2.1:443
try "$image" /witness/nowhere
equals 'a command that is missing' 127 "$status"
contains 'a command that is missing is named' /witness/nowhere "$out"
try "$image" nosuchcommand
equals 'a command that is not in PATH' 127 "$status"
try "$image" /etc/passwd
equals 'a command that is not executable' 126 "$status"
try "$image" /etc
equals 'a directory as command' 126 "$status"
