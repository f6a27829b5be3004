#!/bin/bash
# Of a session of npm install, git clone and curl under `policy: audit`, `netpale suggest` makes a policy
# that refuses nothing of it and opens no destination that was not used: whatever the stance on DNS.
# Runs alone.
. "${0%/*}/lib.sh"
. "${0%/*}/world.bash"

RECORD=/run/netpale/refused.jsonl

session() { # WORDS
	local client
	for client in npm git curl; do
		check "$1: $client gets what it asks for" gets_it "$client"
	done
	rm -rf npm clone
}
suggest() { netpale suggest -f /run/audit.yml >/run/suggested.yml; }
suggests() { suggest && says /run/suggested.yml "^    - [^#]*$1"; } # NAME

# What the servers were asked for, as entries; and what the policy allows.
used() {
	echo 203.0.113.10:5432/tcp
	cut -d ' ' -f 1 world.log | sort -u | sed 's,$,:443/tcp,'
}
allowed() {
	netpale check --json -f /run/suggested.yml | python3 -c '
import json, sys
for entry in json.load(sys.stdin)["allow"]:
    print(entry["entry"])'
}
# Addresses and ports that it opens.
opened() {
	netpale plan -q -f /run/suggested.yml --answers world.hosts --format json | python3 -c '
import json, sys
for flow in json.load(sys.stdin)["flows"]:
    print(flow["to"], *flow["ports"])'
}
refused_but_for() { # TEXT
	grep -vF "\"$1\"" $RECORD
}
# What shows that data.example is refused: pinned, the question for it.
declare -A SHOWS=([resolvers]=data.example [pinned]=198.51.100.53 [guarded]=data.example)

# A fresh network, as each container has it: a question from a port that was asked from under the last
# stance would go on where that one let it, unseen by nat.
begin() { # POLICY
	in_client conntrack -F 2>/dev/null
	start_agent "$1"
}

make_world
# As in every container; git asks for it.
printf '192.0.2.2\t%s\n' "$(uname -n)" >>hosts
for stance in resolvers pinned guarded; do
	cat >/run/audit.yml <<-END
		network:
		  policy: audit
		  allow: [ 203.0.113.10:5432/tcp ]
		  deny: [ preset: metadata ]
		  dns: $stance
	END
	: >world.log
	begin /run/audit.yml
	session "$stance, audit"
	agent getent ahosts data.example >/dev/null
	for name in api packages git; do
		check "$stance: within a second $name.example is suggested" \
			busywait 1000 suggests "$name\\.example"
	done
	stop_agent
	rm $RECORD

	check "$stance: check accepts it without a finding" netpale check -f /run/suggested.yml
	check "$stance: it allows what was used and nothing else" same "$(used)" "$(allowed)"
	check "$stance: and opens its ports alone" same "$(opened)" '198.51.100.10 443/tcp
198.51.100.13 443/tcp
198.51.100.15 443/tcp
203.0.113.10 5432/tcp'

	begin /run/suggested.yml
	session "$stance, suggested"
	refute "$stance: a name that was asked for and not used is refused" \
		agent curl -fsS --max-time 20 https://data.example/
	stop_agent
	check "$stance: which is recorded" says $RECORD "\"${SHOWS[$stance]}\""
	refute "$stance: and nothing else is refused" refused_but_for "${SHOWS[$stance]}"
	rm $RECORD
done
