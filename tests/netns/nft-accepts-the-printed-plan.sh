#!/bin/bash
# What `plan --format nft` prints is what netpale loads: nft accepts it, and loaded by nft it lists
# as what netpale loaded lists.
. "${0%/*}/lib.sh"

policy() { cat >"$1.yml"; }
policy addresses <<-'END'
	network: { allow: [198.51.100.10, 203.0.113.0/24, "2001:db8:1::/48"] }
END
policy ports <<-'END'
	network:
	  allow: ["198.51.100.10:443", "203.0.113.0/24:8000-8999/tcp", "[2001:db8:1::/48]:53/udp"]
	  deny: ["203.0.113.7", "203.0.113.128/25:8080"]
	  inbound: [3000, 5173/tcp, 6000-6010/udp]
END
policy inbound <<-'END'
	network: { allow: [198.51.100.10], inbound: allow }
END
policy name <<-'END'
	network: { allow: [api.example.com], dns: pinned }
END
policy none <<-'END'
	network: { policy: none }
END
policy audit <<-'END'
	network: { policy: audit, allow: ["198.51.100.10:443"] }
END
policy lan <<-'END'
	network: { policy: full, deny: [preset: lan] }
END
policy gateway <<-'END'
	network: { policy: restricted, host_gateway: [3000] }
END
{
	echo 'network:'
	echo '  allow:'
	for i in {0..4095}; do
		echo "    - 10.$((i >> 8)).$((i & 255)).0/25"
		echo "    - 10.$((i >> 8)).$((i & 255)).128/25:443"
	done
} | policy many
echo '192.88.100.14 api.example.com' >answers

for policy in addresses ports inbound name none audit lan gateway many; do
	plan() { as_agent "$NETPALE" plan -f "$policy.yml" --answers answers --format nft; }
	check "$policy: printed without privilege" eval "plan >$policy.nft"
	check "$policy: nft accepts it" in_client nft -c -f $policy.nft
	check "$policy: nft loads it" in_client nft -f $policy.nft
	ruleset >$policy.by-nft
	check "$policy: netpale loads it" netpale apply -q -f $policy.yml --answers answers
	ruleset >$policy.by-netpale
	check "$policy: both are the same" diff $policy.by-nft $policy.by-netpale
done
# Guarded, without the guard: as its parts build it.
printf '%s\n' '198.51.100.10 any' '203.0.113.0-203.0.113.255 tcp:443' 'resolver 198.51.100.53' \
	'dns guarded' 'class tcp:443' 'class any' 'class all' 'lapsed 198.51.100.11 2' >guarded
text() { as_agent "$PEERS/fence" text <guarded; }
check 'guarded: printed without privilege' eval 'text >guarded.nft'
check 'guarded: nft accepts it' in_client nft -c -f guarded.nft
check 'guarded: nft loads it' in_client nft -f guarded.nft
ruleset >guarded.by-nft
check 'guarded: netpale loads it' in_client "$PEERS/fence" apply <guarded
ruleset >guarded.by-netpale
check 'guarded: both are the same' diff guarded.by-nft guarded.by-netpale
check 'full alone has no plan' says <(as_agent "$NETPALE" plan --policy full) '^#'
