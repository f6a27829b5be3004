# shellcheck shell=bash
# What scripts about the guard share. Sourced behind lib.sh.

# Root's alone, or the guard would not read it again.
POLICY=/run/etc/policy.yml
mkdir -p /run/etc
write_policy() { # of stdin, by rename
	cat >$POLICY.new
	mv $POLICY.new $POLICY
}

# A guard with an agent, not as PID 1; what both say is in guard.said. $guard is its pid.
start_run() { # [OPTION...] -- COMMAND...
	: >guard.said
	(exec nsenter --net=/run/netns/client -- "$NETPALE" run "$@" >>guard.said 2>&1) &
	guard=$!
	busywait 10000 says guard.said ', uid [0-9]+' || { echo 'FAIL: no guard'; cat guard.said; exit 1; }
}
alive() { says "/proc/$1/status" '^State:[[:space:]][^ZX]'; } # PID
gone() { not alive "$1"; }

# The workers and the agent, by the guard's pid.
forwarder() { pgrep -P "$guard" -u 64783; }
agent() { pgrep -P "$guard" -u 1000; }
another_forwarder() { # PID: one that is not this
	local now
	now=$(forwarder) && [ "$now" != "$1" ]
}

# One value of the status: "reloads.tried".
status_of() {
	in_client "$NETPALE" status --json | python3 -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("."):
    value = value[key]
print(str(value).lower() if isinstance(value, bool) else value)' "$1"
}
status_is() { same "$(status_of "$1")" "$2"; } # KEY VALUE
serves() { busywait 15000 status_is forwarder.serving true; }

# The addresses that are open because they were learned, whatever their ports.
learned() {
	in_client nft list table inet netpale | sed -n '/set learned/,/^\t}/p' |
		grep -oE '[0-9a-f.:]+ timeout' | sed 's/ timeout//' | sort -u
}
only_learned() { same "$(printf '%s\n' "$@" | sort -u)" "$(learned)"; } # ADDR...

# A name as the agent sees it.
resolves() { # NAME
	as_agent getent ahosts "$1"
}
visits() { # NAME PORT: resolves and connects, both families where there are both
	as_agent "$PEERS/visit" "$1" "$2" 1
}

# Another forwarder than the real one, as tests/drive/hostile.c describes it.
hostile() { # MANNER: begins with a good one
	local first
	start_run -f $POLICY -- tail -f /dev/null
	agent=$(agent) first=$(forwarder)
	echo "$1" >manner
	kill -KILL "$first"
	busywait 5000 another_forwarder "$first"
}
restarted() { [ "$(status_of forwarder.restarts)" -ge "$1" ]; } # TIMES
no_harm_by() { # MANNER: and the end
	rm manner
	check "$1: the agent lives" alive "$agent"
	check "$1: the guard lives" alive "$guard"
	kill -TERM "$agent" "$guard"
	check "$1: and ends as it should" busywait 5000 gone "$guard"
	wait "$guard" 2>/dev/null || :
}
