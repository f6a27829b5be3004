#!/bin/bash
# Under gVisor, and wherever a kernel has no netfilter, no socket to it can be opened: each verb that needs a
# fence says that, and no agent starts. Docker's seccomp filter answers as gVisor does.
. "$(dirname "$0")/lib.sh"

net=$(network net)
mkdir -m 777 "$work/witness"
policy 192.0.2.1:443
# Address family 16 is netlink, protocol 12 netfilter's, error 93 that there is no such protocol.
cat >"$work/gvisor.json" <<'PROFILE'
{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 93,
	"args": [{"index": 0, "value": 16, "op": "SCMP_CMP_EQ"}, {"index": 2, "value": 12, "op": "SCMP_CMP_EQ"}]}]}
PROFILE
read -r said <<'SAID'
netpale: this kernel has no netfilter (gVisor has none), so no fence can stand here
SAID

# says STATUS ARGUMENT...
says() {
	capture fenced --network "$net" --security-opt "seccomp=$work/gvisor.json" \
		-v "$work/witness:/witness" --entrypoint netpale "$image" "${@:2}"
	equals "netpale $2 (dns $dns)" "$1" "$status"
	equals 'says why, and no more' "$said" "$out"
	[ ! -e "$work/witness/ran" ] || fail 'the agent ran'
}
for dns in resolvers guarded; do
	policy 192.0.2.1:443
	says 125 run -- touch /witness/ran
	says 71 guard
done
dns=resolvers
policy 192.0.2.1:443
says 71 apply
says 125 exec -- touch /witness/ran

capture fenced --network "$net" -v "$work/witness:/witness" "$image" touch /witness/ran
[ -e "$work/witness/ran" ] || fail 'with netfilter the agent does not run'
