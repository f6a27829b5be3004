#!/bin/bash
# With --json, or NETPALE_JSON, all that run, apply, guard, exec and reload say is JSON lines in the form
# that netpale(8) promises, and status's result is an object. Nothing else than that is on stderr, but
# for what the agent says.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"
. "${0%/*}/../golden/json.bash"

start udp 198.51.100.53 53 "$PEERS/dns" 198.51.100.53 53 quiet ttl=120
write_policy <<-'END'
	network:
	  allow:
	    - {host: www.example.com, private: true}
	    - nxdomain.example.com:443
	    - 203.0.113.0/24:443
	  inbound: [3000]
END
# Where the agent cannot write, or there are more warnings.
cat >/run/etc/project.yml <<-'END'
	network:
	  allow:
	    - nxdomain.evil.example
END
cd /run/etc
policy=(-f "$POLICY" --project project.yml)

said_json() { # all of it, and messages but for the events
	jq -c 'select(.event | not)' "$WORK/said" >"$WORK/messages" &&
		{ [ ! -s "$WORK/messages" ] || fits_manual messages <"$WORK/messages"; }
}
event() { jq -c "select(.event == \"$1\")" "$WORK/${2-said}"; } # NAME [FILE]
fields() { event "$@" | jq -c 'del(.ms, .text)'; }
text() { event "$@" | jq -r .text | sed 's/[0-9]* ms$/N ms/'; }
has_ms() { event start | jq -e '. as {$ms, $text} | $text | endswith("; \($ms) ms")'; }

fields='{"version":1,"level":"info","event":"start","policy":"restricted","fenced":true,'\
'"names":1,"addresses":2,"networks":1,"dns":"resolvers","inbound":"3000","skipped":['\
'{"name":"nxdomain.evil.example","why":"NXDOMAIN"},{"name":"nxdomain.example.com","why":"NXDOMAIN"}],'\
'"added":[{"entry":"nxdomain.evil.example","origin":"project.yml:3"}]'
said='restricted, 1 name (2 addresses), 1 network, dns resolvers, inbound 3000; '\
'skipped nxdomain.evil.example: NXDOMAIN, nxdomain.example.com: NXDOMAIN; '\
'project added nxdomain.evil.example (project.yml:3); N ms'

fails() { # STATUS ARGUMENT...
	local status=0
	netpale "${@:2}" || status=$?
	same "$status" "$1" && said_json && jq -e '.level == "error"' <(tail -n 1 "$WORK/said")
}

check 'exec without a fence' fails 125 exec --json -- true
check 'apply' netpale apply "${policy[@]}" --json
check 'says only JSON' said_json
check 'the start line in fields' same "$fields}" "$(fields start)"
check 'and in words' same "$said" "$(text start)"
check 'with the time it took' has_ms
check 'what was skipped is warned of, too' same \
	"$(jq -r 'select(.level == "warning").text' "$WORK/said" | sort)" \
	"$POLICY:4:7: skipped nxdomain.example.com: NXDOMAIN
project.yml:3:7: skipped nxdomain.evil.example: NXDOMAIN"
check 'people are told the same' netpale apply "${policy[@]}"
check 'in words alone' same "netpale: $said" "$(tail -n 1 "$WORK/said" | sed 's/[0-9]* ms$/N ms/')"


# The agent's stderr is its own.
told_by_agent() { same "$(grep -v '^{"version":1,' "$WORK/said")" '{ no JSON'; }
check 'run' netpale run "${policy[@]}" --json -- sh -c 'echo "{ no JSON" >&2'
check 'leaves the agent its own' told_by_agent
sed -i '/no JSON/d' "$WORK/said"
check 'and says only JSON itself' said_json
check 'the start line in fields' same "$fields,\"uid\":1000}" "$(fields start)"
by_variable() { NETPALE_JSON=1 netpale "$@"; }
cp "$WORK/said" "$WORK/run.said"
check 'by the variable' by_variable run "${policy[@]}" -- true
check 'the same' same "$fields,\"uid\":1000}" "$(fields start)"
check 'what is open' netpale run --policy full --trust-project ignore --json -- true
open_fields='{"version":1,"level":"info","event":"start","policy":"full","fenced":false,"uid":1000}'
check 'is said to be' same "$open_fields" "$(fields start)"
check 'a command that is not there' fails 127 run "${policy[@]}" --json -- no-such-command
check 'apply' netpale apply "${policy[@]}" -q --json
check 'quiet: nothing is said' same "$(cat "$WORK/said")" ''
check 'exec behind it' netpale exec --json -- true
check 'says nothing' same "$(cat "$WORK/said")" ''
check 'exec of what is not there' fails 127 exec --json -- no-such-command
in_client nft delete table inet netpale

# A guard, all it says from start to end: reloads, a forwarder that is killed.
guarded() { # ENTRY
	write_policy <<-END
		network:
		  dns: guarded
		  allow:
		    - {host: www.example.com, ports: [443], private: true}
		    - $1
	END
}
all_said() { cp "$WORK/guard.said" "$WORK/said" && said_json; }
cd "$WORK"
guarded 192.0.2.7
(exec nsenter --net=/run/netns/client -- "$NETPALE" guard -f $POLICY --json 2>>guard.said) &
guard=$!
has_event() { [ -n "$(event "$1" guard.said)" ]; }
check 'guard begins' busywait 10000 has_event start
visits www.example.com 443 >/dev/null 2>&1 || :
kept() { in_client "$NETPALE" status --json; }
check 'status is an object' fits_manual 'Cm status' < <(kept)
guarded 192.0.2.8
check 'reload' netpale reload --json
check 'says nothing' same "$(cat said)" ''
check 'the guard says it' busywait 5000 has_event reload
reload_fields='{"version":1,"level":"info","event":"reload","policy":"restricted","fenced":true,'\
'"names":1,"addresses":0,"networks":1,"dns":"guarded","inbound":"closed","skipped":[],"added":[]}'
check 'in fields' same "$reload_fields" "$(fields reload guard.said | tail -n 1)"
guarded nonsense:x
check 'a reload that is refused' fails 65 reload --json
refused() { jq -e 'select(.level == "error").text | test("the policy stays as it was")' guard.said; }
check 'the guard says it, too' busywait 5000 refused
killed=$(forwarder)
kill -KILL "$killed"
check 'a forwarder that is killed' busywait 5000 another_forwarder "$killed"
check 'is replaced' serves
stop_guard TERM
check 'all that the guard said is JSON' all_said
all_events() { fits_manual 'Cm run , apply , guard' < <(jq -c 'select(.event)' run.said guard.said); }
check 'all events have the keys that the manual lists' all_events
