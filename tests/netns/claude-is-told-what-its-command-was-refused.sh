#!/bin/bash
# `netpale log --hook` is given what Claude Code tells a hook of its Bash tool, and answers when the
# command's own user was refused something meanwhile. Otherwise it says nothing, and whatever it is
# given and whatever is missing, it never fails.
settings=$(realpath "${0%/*}/../../config/claude/settings.json")
. "${0%/*}/lib.sh"

mkdir -m 755 /run/netpale
row() { # SECONDS AGO, UID, PORT
	printf '{"version":1,"time":"%s","reason":"wrong port","uid":%s,"program":"bash",' \
		"$(date -u -d "@$(($(date +%s) - $1))" +%Y-%m-%dT%H:%M:%S.000Z)" "$2"
	printf '"names":["api.example.com"],"address":"198.51.100.7","protocol":"tcp","port":%s,' "$3"
	printf '"count":3,"allow":"- api.example.com:%s/tcp"}\n' "$3"
}
record() { row "$@" >/run/netpale/refused.jsonl; }

# As Claude Code 2.1 writes it, but for whom and where.
said='/bin/bash: connect: Connection refused\n/bin/bash: line 1: /dev/tcp/api/81: Connection refused'
event() { # NAME REST
	printf '{"session_id":"s","transcript_path":"/t.jsonl","cwd":"/workspace","prompt_id":"p",'
	printf '"permission_mode":"default","effort":{"level":"medium"},"hook_event_name":"%s",' "$1"
	printf '"tool_name":"Bash","tool_input":{"command":"x","description":"y"},%s,' "$2"
	printf '"tool_use_id":"toolu_1","duration_ms":%s}' "${duration:-62}"
}
failed() { event PostToolUseFailure "\"error\":\"Exit code 1\\n$1\",\"is_interrupt\":false"; }
went_well() { event PostToolUse "\"tool_response\":{\"stdout\":\"$1\",\"stderr\":\"\",\"interrupted\":false}"; }
hook() { as_agent sh -c "exec $command" sh; }
command=$(python3 -c 'import json, sys
hooks = json.load(open(sys.argv[1]))["hooks"]
assert list(hooks) == ["PostToolUse", "PostToolUseFailure"], hooks
assert all(h["matcher"] == "Bash" for event in hooks.values() for h in event)
commands = {c["command"] for event in hooks.values() for h in event for c in h["hooks"]}
print(*commands)' "$settings")
check 'the settings have one command for both events' same 'netpale log --hook' "$command"
command="$NETPALE ${command#netpale }"

context() { # EVENT: the answer's text
	python3 -c 'import json, sys
answer = json.load(sys.stdin)
assert list(answer) == ["hookSpecificOutput"], answer
assert answer["hookSpecificOutput"].pop("hookEventName") == sys.argv[1], answer
print(answer["hookSpecificOutput"]["additionalContext"])' "$1"
}
tells() { # EVENT PATTERN: what the hook answers to its input
	hook | context "$1" >told && says told "$2"
}
silent() { # the hook's input; no word and no failure
	local status=0
	hook >told 2>&1 || status=$?
	cat told
	[ "$status" = 0 ] && [ ! -s told ]
}

record -5 1000 8080
check 'a failed command is told what was refused' tells PostToolUseFailure \
	'^- .api\.example\.com:8080/tcp. \(198\.51\.100\.7\).*wrong port.* 3 times.*.- api\.example\.com:8080/tcp.$' \
	< <(failed "$said")
check 'and that only the user can allow it' says told 'Only the user can allow it'
check 'also when it printed nothing' tells PostToolUseFailure 'api\.example\.com:8080' < <(failed '')
check 'one that went well, too, when it looks refused' tells PostToolUse 'api\.example\.com:8080' \
	< <(went_well "$said")
check 'not when it does not' silent < <(went_well fine)
check 'a failure that is told by two events is answered once' silent \
	< <(event PostToolUse "\"tool_response\":\"Error: Exit code 1\\n$said\"")
record -5 1001 8080
check "what was refused to another user is not the command's" silent < <(failed "$said")
record 20 1000 8080
check 'nor what was refused before it' silent < <(failed '')
duration=300000
check 'but all that came while it ran' tells PostToolUseFailure 8080 < <(failed '')
duration=
record 120 1000 8080
check 'what is over is not told' silent < <(failed "$said")

# A refusal may come into the record after the command.
: >/run/netpale/refused.jsonl
later() { for _ in {1..20}; do nap; done; record -5 1000 8081; }
later &
check 'one that is recorded a moment later is told' tells PostToolUseFailure 8081 < <(failed "$said")

check 'no input' silent </dev/null
check 'no JSON' silent < <(echo nonsense)
check 'bytes' silent < <(head -c 100000 /dev/urandom)
check 'deep JSON' silent < <(head -c 1000000 /dev/zero | tr '\0' '[')
check 'an endless input' silent < <(tr '\0' ' ' </dev/zero)
check 'another event' silent < <(event PreToolUse '"tool_response":{"stdout":"refused"}')
check 'a closed input' silent <&-
record -5 1000 8082
check 'an answer that nobody takes' same 0 "$(failed "$said" | hook 2>&1 >/dev/full && echo 0)"
check 'an output with all kinds of bytes is read' tells PostToolUseFailure 8082 \
	< <(failed '\u0000\u001b[2J\ud83d refused')
rm -rf /run/netpale
check 'nothing recorded here' silent < <(failed "$said")
