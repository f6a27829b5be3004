#!/bin/bash
# curl, node, python, npm install, pip install and git clone, each refused: within a second
# /run/netpale/refused.jsonl says what it wanted by its name, with address, port and reason, and the line
# that would allow it; behind a guard also which program it was.
. "${0%/*}/lib.sh"
. "${0%/*}/world.bash"

# The programs that ask DNS, as the kernel calls them: 15 letters of the name.
declare -A PROGRAM=([curl]=curl [node]=node [python]=python3 [npm]='npm install stu' [pip]=pip
	[git]=git-remote-http)

# A line in which that is true.
recorded() { # JQ-CONDITION
	jq -e -n "[inputs | select($1)] | length > 0" /run/netpale/refused.jsonl
}
within_a_second() { # JQ-CONDITION
	busywait 1000 recorded "$1" || { cat /run/netpale/refused.jsonl; return 1; }
}
# What every line says; its time is that of the try, in milliseconds since START.
said_by_all() { # START
	jq -e -n --argjson start "$1" '
		def ms: (.[0:19] + "Z" | fromdate) * 1000 + (.[20:23] | tonumber);
		[inputs] | length > 0 and all(.version == 1 and .uid == 1000 and .count > 0 and
			.audit == false and (.time | ms) >= $start - 1 and (.time | ms) <= $start + 60000)' \
		/run/netpale/refused.jsonl
}
try() { # CLIENT
	refute "$stance: $1 is refused" client "$1"
}
address() { sed -n "s/ $1\\.example\$//p" world.hosts; } # NAME

# The policy that the record asks for: its lines, each once.
write_what_it_asks_for() {
	printf 'network:\n  allow:\n'
	jq -r '.allow // empty' /run/netpale/refused.jsonl | sort -u | sed 's/^/    /'
}

make_world
for stance in resolvers guarded; do
	rm -rf /run/netpale npm pip clone
	cat >/run/policy.yml <<-END
		network:
		  dns: $stance
		  allow:
		    - 203.0.113.10
	END
	start=$(date +%s%3N)
	start_agent /run/policy.yml
	for client in "${CLIENTS[@]}"; do
		name=${ASKS[$client]}
		try "$client"
		if [ $stance = guarded ]; then
			wanted=".reason == \"name refused\" and .names == [\"$name.example\"] and
				.program == \"${PROGRAM[$client]}\" and .allow == \"- $name.example  # all ports; add :443 for HTTPS\""
		else
			wanted=".reason == \"no entry\" and .names == [\"$name.example\"] and
				.address == \"$(address "$name")\" and .protocol == \"tcp\" and .port == 443 and
				.allow == \"- { host: $name.example, ports: [443/tcp], private: true }\""
		fi
		check "$stance: and that is recorded" within_a_second "$wanted"
	done
	check "$stance: the agent can read it" agent cat /run/netpale/refused.jsonl
	check "$stance: the agent cannot write it" \
		not agent "$BASH" -c 'echo >>/run/netpale/refused.jsonl'
	check "$stance: every line says who, when and how often" said_by_all "$start"
	stop_agent
	[ $stance = guarded ] || write_what_it_asks_for >/run/learned.yml
done

# Its lines hold what they promise.
start_agent /run/learned.yml
for client in "${CLIENTS[@]}"; do
	check "$client gets what it asks for by the lines that it was told" gets_it "$client"
done
stop_agent

# An allowed name on another port.
for stance in resolvers guarded; do
	rm -rf /run/netpale
	cat >/run/policy.yml <<-END
		network:
		  dns: $stance
		  allow:
		    - {host: api.example, ports: [443], private: true}
	END
	start_agent /run/policy.yml
	check "$stance: the name is allowed" gets_it curl
	refute "$stance: not on that port" agent curl -fsS --max-time 20 https://api.example:8443/
	wanted='.reason == "wrong port" and .names == ["api.example"] and .address == "198.51.100.10" and
		.protocol == "tcp" and .port == 8443 and
		.allow == "- { host: api.example, ports: [8443/tcp], private: true }" and
		.rule == "/run/policy.yml:4"'
	[ $stance != guarded ] || wanted="$wanted and .program == \"curl\""
	check "$stance: and that is recorded" within_a_second "$wanted"
	stop_agent
done
