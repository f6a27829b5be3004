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

refused() {
	local begin took

	begin=$(milliseconds)
	capture fenced --network "$net" "${key[@]}" "$@" "$claude" timeout 60 claude -p 'say hello'
	took=$(($(milliseconds) - begin))
	[[ $status != 0 && $status != 124 ]] || fail "claude -p ended with $status: $out"
	[ "$took" -lt 10000 ] || fail "claude -p was refused only after $took ms: $out"
}

refused -e ANTHROPIC_BASE_URL=http://other:8080
contains 'another host is refused at once' ECONNREFUSED "$out"
equals 'and was never asked' '' "$(docker logs "$id-other" | grep POST || true)"
refused --add-host api.anthropic.com:192.0.2.1
contains 'the API itself is refused at once where it is not allowed' ECONNREFUSED "$out"

# As shipped.
capture docker run --rm --label "$label" --network none --entrypoint netpale "$claude" \
	check --profile /etc/netpale/policy.yml
equals 'the policy in the image passes netpale check' 0 "$status"
capture docker run --rm --label "$label" --network none --entrypoint netpale "$claude" \
	explain api.anthropic.com:443
contains 'and allows the API' policy.yml: "$out"
