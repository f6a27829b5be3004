#!/bin/bash
# The npm package @anthropic-ai/claude-code in docker/claude's image: it starts, it is refused at
# once what the policy does not allow, and it is answered by what it allows. The API is a stub.
. "$(dirname "$0")/lib.sh"

claude=$(image_of claude)
net=$(network net)
server "$net" api 8080
server "$net" other 8080
policy api:8080/tcp
key=(-e ANTHROPIC_API_KEY=none -e CLAUDE_CODE_MAX_RETRIES=0)

capture fenced --network "$net" "$claude" claude --version
equals 'claude --version succeeds' 0 "$status"
contains 'it is Claude Code' '(Claude Code)' "$out"

# Claude refuses this flag to root, so it is also a witness of who it is.
capture fenced --network "$net" "${key[@]}" -e ANTHROPIC_BASE_URL=http://api:8080 "$claude" \
	timeout 60 claude --dangerously-skip-permissions -p 'say hello'
equals 'claude -p succeeds with the API allowed' 0 "$status"
contains 'the answer is the stub'"'"'s' 'Hello from beyond the pale.' "$out"
contains 'the stub was asked' 'POST /v1/messages' "$(docker logs "$id-api")"

# asks OPTION...: Claude ends by itself, and says that it was refused; silence would say timeout.
asks() {
	capture fenced --network "$net" "${key[@]}" "$@" "$claude" timeout 120 claude -p 'say hello'
	[[ $status != 0 && $status != 124 ]] || fail "claude -p ended with $status: $out"
	contains 'Claude was refused' ECONNREFUSED "$out"
}

begin=$(milliseconds)
asks -e ANTHROPIC_BASE_URL=http://other:8080
[ $(($(milliseconds) - begin)) -lt 10000 ] || fail 'another host is refused, but not at once'
equals 'another host is refused at once, and never asked' '' \
	"$(docker logs "$id-other" | grep POST || true)"
# With its own API Claude tries for some twenty seconds, each try being refused at once.
asks --add-host api.anthropic.com:192.0.2.1

# With the guard: the API is called by a name below a wildcard, and another name does not exist.
dns=guarded
policy '{host: "*.api.example", ports: [8080/tcp], private: true}'
docker network disconnect "$net" "$id-api"
docker network connect --alias eu.api.example --alias api.example "$net" "$id-api"
capture fenced --network "$net" "${key[@]}" -e ANTHROPIC_BASE_URL=http://eu.api.example:8080 "$claude" \
	timeout 60 claude -p 'say hello'
equals 'guarded: claude -p succeeds with the API below a wildcard' 0 "$status"
contains 'guarded: the answer is the stub'"'"'s' 'Hello from beyond the pale.' "$out"
capture fenced --network "$net" "${key[@]}" -e ANTHROPIC_BASE_URL=http://api.example:8080 "$claude" \
	timeout 120 claude -p 'say hello'
[[ $status != 0 && $status != 124 ]] || fail "claude -p ended with $status: $out"
contains 'guarded: the name above the wildcard does not exist' ENOTFOUND "$out"

# The policy as shipped, offline: the answers are given.
echo '160.79.104.10 api.anthropic.com' >"$work/answers"
offline() {
	capture docker run --rm --label "$label" --network none --entrypoint netpale \
		-v "$work/answers:/answers:ro" "$claude" "$@"
}
offline check
equals 'the policy in the image passes netpale check' 0 "$status"
offline explain --answers /answers api.anthropic.com:443
contains 'and allows the API' 'allowed: api.anthropic.com:443' "$out"
