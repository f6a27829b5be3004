#!/bin/bash
# | a project's file that the agent rewrites for its next start: allow, policy, dns, inbound, host_gateway, merge | opens what it says (`trust_project: override`) | `ignore`, `tighten`: nothing; `extend`, the default: what no deny of the operator covers | trust_project |
. "${0%/*}/lib.sh"
use_static

start_echo 203.0.113.10 7
install -d -o 1000 project
in_project() { (cd project && fenced "$@"); } # COMMAND...
# The agent of one start writes the file for the next.
prepare() { # TEXT
	echo "$1" >next.yml
	rm -f project/.ccpod.yml
	in_project cp "$WORK/next.yml" .ccpod.yml
}
send=("$PEERS/probe" open udp 203.0.113.10 7 50)
wide=(
	'network: { allow: [ 203.0.113.10 ] }'
	'network: { allow: [ 0.0.0.0/1, 128.0.0.0/1, "::/0" ] }'
	'network: { policy: full }'
	'network: { policy: audit, dns: resolvers, inbound: allow, host_gateway: true }'
	'{ merge: override, network: { policy: full } }'
	'{ x: &n { policy: full, allow: [ 203.0.113.10 ] }, network: *n, merge: override }'
)
trusting() { # LEVEL STANCE [LINE]
	printf 'trust_project: %s\nallow: [ "%s:443", "%s:%s/udp" ]\n%s\n' "$1" $ALLOWED $ALLOWED $MARK "${3-}" |
		policy
	stance "$2"
}

trusting override resolvers
for text in "${wide[@]}"; do
	prepare "$text"
	trusting override resolvers
	check "trusted with everything it sends: $text" gets_out in_project "${send[@]}"
	for level in ignore tighten; do
		trusting $level resolvers
		check "$level: nothing leaves: $text" stays_in in_project "${send[@]}"
	done
	for stance in resolvers guarded; do
		trusting extend $stance 'deny: [ 203.0.113.0/24 ]'
		check "$stance, extend: nothing to what is denied: $text" stays_in in_project "${send[@]}"
	done
	no_fence
done

for level in ignore tighten extend; do
	trusting $level resolvers 'deny: [ 203.0.113.0/24 ]'
	prepare 'network: { trust_project: override, policy: full }'
	check "$level: nothing leaves for one that trusts itself" stays_in in_project "${send[@]}"
done

# What `extend` is: the agent's own words count where the operator has none. It is told at the start.
trusting extend resolvers
prepare "${wide[0]}"
check 'extend opens what nobody denies' gets_out in_project "${send[@]}"
(cd project && in_client "$NETPALE" run -f /run/etc/policy.yml -- true) 2>said
check 'which is told' says said 'warning: .*\.ccpod\.yml and so .* next start'
