#!/bin/bash
# netpale status, for root and for the agent, in columns and as JSON; netpale reload, and how both end when
# nobody can answer.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"

start_echo 198.51.100.10 7
start_echo 2001:db8:1::10 7
start udp 198.51.100.53 53 "$PEERS/dns" 198.51.100.53 53 quiet ttl=120
write_policy <<-'END'
	network:
	  dns: guarded
	  allow:
	    - {host: www.example.com, ports: [7, 8000-8999/tcp], private: true}
	    - {host: "*.cdn.example.com", private: true}
	    - {host: public.example.com, ports: [7]}
	  deny: [refused.example.com]
END
ends() { # STATUS PATTERN COMMAND...: what is said, on either
	local status=0
	"${@:3}" >answer 2>&1 || status=$?
	cat answer
	same "$status" "$1" && says answer "$2"
}
by_agent() { as_agent "$NETPALE" "$@"; }

check 'without a guard nobody answers' ends 71 'netpale: no guard answers here' netpale status
check 'nor reloads' ends 71 'netpale: no guard answers here' netpale reload
check 'nor as JSON' ends 71 '"level":"error","text":"no guard answers here' netpale status --json

start_guard -f $POLICY --deny 203.0.113.10
visits www.example.com 7 >/dev/null
resolves a.cdn.example.com >/dev/null
for name in refused.example.com other.test; do resolves $name || :; done
resolves public.example.com || :
as_agent dig +tries=1 www.example.com TXT >answer || :

# The head, but for numbers that a resolver's habits decide, and where a line ends by them.
counted() { in_client "$NETPALE" status | sed -E ':more; /,$/ { N; s/\n +/ /; b more }
	s/(questions|answered|refused|failed|learned) [0-9]+/\1 N/g
	s/(denied|query type|private answer) [1-9][0-9]*/\1 N/g' | sed '/^$/,$d'; }
expected=$(cat <<'END'
policy    restricted, dns guarded
layers    /run/etc/policy.yml
          the flags
reloads   0 tried, 0 refused
names     known 2, open 4, lapsed 0, evicted 0
refused   name refused N, denied N, private answer N, query type N
forwarder serving
          restarts 0, questions N, answered N, refused N, failed N, malformed 0, dropped 0, learned N, kernel refused N
END
)
check 'the head' same "$expected" "$(counted)"
refute 'wider than a terminal' says <(in_client "$NETPALE" status) '.{81}'
leases() { in_client "$NETPALE" status | sed '1,/^$/d' | sed -E 's/ [0-9]+s / TIMEs /'; }
expected=$(cat <<'END'
NAME                            ADDRESS                    ENDS PORTS
a.cdn.example.com               198.51.100.10              TIMEs any
a.cdn.example.com               2001:db8:1::10             TIMEs any
www.example.com                 198.51.100.10              TIMEs 7,8000-8999/tcp
www.example.com                 2001:db8:1::10             TIMEs 7,8000-8999/tcp
END
)
check 'the leases' same "$expected" "$(leases)"

json() { in_client "$NETPALE" status --json | python3 -c '
import json, sys
status = json.load(sys.stdin)
print(eval(sys.argv[1], {"s": status}))' "$1"; }
check 'JSON: version' same "$(json 's["version"]')" 1
check 'JSON: policy' same "$(json 's["policy"], s["dns"]')" "('restricted', 'guarded')"
check 'JSON: layers' same "$(json 's["layers"]')" "['/run/etc/policy.yml', 'the flags']"
check 'JSON: leases' same "$(json 'sorted({(l["name"], l["address"]) for l in s["leases"]})[2]')" \
	"('www.example.com', '198.51.100.10')"
check 'JSON: seconds' same "$(json 'all(300 < l["seconds"] <= 361 for l in s["leases"])')" True
check 'JSON: refusals by reason' same \
	"$(json '[s["refusals"][r] > 0 for r in ("name refused", "denied", "query type", "private answer")]')" \
	'[True, True, True, True]'
check 'JSON: the forwarder' same "$(json 's["forwarder"]["serving"]')" True
check 'one line' same "$(in_client "$NETPALE" status --json | grep -c '"version"')" 1

# The agent, who is told all but the leases.
by_agent status --json >agent.json
told() { python3 -c 'import json; s = json.load(open("agent.json")); print(sorted(s))'; }
check 'the agent is told' same "$(told)" \
	"['dns', 'forwarder', 'layers', 'names', 'policy', 'refusals', 'reloads', 'version']"
kept_is_told() { same "$(by_agent status)" "$(in_client "$NETPALE" status | sed '/^$/,$d')"; }
check 'the same head' busywait 3000 kept_is_told
check 'it does not reload' ends 77 'netpale: only root may ask the guard' by_agent reload

# Reloads.
check 'a reload says nothing' same "$(netpale reload 2>&1)" ''
check 'and ends well' netpale reload
check 'it is counted' says <(counted) '^reloads   2 tried, 0 refused$'
sed -i 's/allow/alow/' $POLICY
check 'a fault' ends 65 'netpale: the policy stays as it was: .*unknown key .alow' netpale reload
check 'is shown' says <(counted) "^          $POLICY:3:3: unknown key 'alow'"
agent_is_told() { says <(by_agent status) "unknown key 'alow'"; }
check 'to the agent, too' busywait 3000 agent_is_told
sed -i 's/alow/allow/' $POLICY
check 'repaired' netpale reload
refute 'it is not shown any more' says <(counted) 'alow'

# A guard that is stopped, and one that is gone.
kill -STOP "$guard"
check 'a guard that does not answer: the agent is told what was' by_agent status
kill -CONT "$guard"
kill -KILL "$guard"
wait "$guard" 2>/dev/null || :
check 'a guard that is gone does not reload' ends 71 'netpale: no guard answers here' netpale reload
start_guard -f $POLICY
check 'the next one answers' netpale status
check 'and reloads' netpale reload
