#!/bin/bash
# curl, node, python, npm install, pip install and git clone do their work where the policy allows their
# names; where it does not, none of them gets a byte, with and without a guard, and none hangs.
. "${0%/*}/lib.sh"
. "${0%/*}/world.bash"

allow_all() {
	local name
	for name in "${WORLD[@]}"; do
		echo "    - {host: $name.example, ports: [443], private: true}"
	done
}

make_world
for stance in resolvers guarded; do
	{ printf 'network:\n  dns: %s\n  allow:\n' $stance; allow_all; } >/run/open.yml
	start_agent /run/open.yml
	for client in "${CLIENTS[@]}"; do
		check "$stance: $client gets what it asks for" gets_it "$client"
	done
	stop_agent
	rm -rf npm pip clone

	: >world.log
	printf 'network:\n  dns: %s\n  allow: [ 203.0.113.10 ]\n' $stance >/run/closed.yml
	start_agent /run/closed.yml
	for client in "${CLIENTS[@]}"; do
		check "$stance: $client gets nothing when it may not" within 20000 not client "$client"
		check "$stance: and did not hang" not says agent.said 'imed out|ETIMEDOUT'
	done
	check "$stance: nobody was asked for anything" same "$(cat world.log)" ''
	stop_agent
	rm -rf npm pip clone
done
