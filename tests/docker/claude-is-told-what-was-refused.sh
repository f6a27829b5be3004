#!/bin/bash
# The npm package @anthropic-ai/claude-code in docker/claude's image: when a command of its Bash tool was
# refused something, the next request of Claude tells the model what, why, by which line it could be
# allowed, and that only the user can. The API is a stub that has Claude run what the prompt says.
. "$(dirname "$0")/lib.sh"

claude=$(image_of claude)
net=$(network net)
server "$net" api 8080 8081
given=(--network "$net" -e ANTHROPIC_API_KEY=none -e CLAUDE_CODE_MAX_RETRIES=0)
given+=(-e ANTHROPIC_BASE_URL=http://api:8080)

# runs COMMAND: what the model reads after it, into $said.
runs() {
	capture fenced "${given[@]}" "$claude" \
		timeout 60 claude --dangerously-skip-permissions -p "run: $1"
	equals "claude -p succeeds with: $1" 0 "$status"
	said=$(docker logs "$id-api" 2>&1 | sed -n 's/^said //p' | tail -n 1)
	contains 'the command ran' tool_result "$said"
}

policy api:8080/tcp
runs 'cat </dev/tcp/api/8081'
contains 'what was refused' 'api:8081/tcp' "$said"
contains 'why' 'wrong port' "$said"
contains 'and the line that would allow it' '- api:8081/tcp' "$said"
contains 'which is for the user to write' 'Only the user can allow it' "$said"

runs 'cat </dev/tcp/192.0.2.1/80 || echo it is refused'
contains 'a command that went on is told, too' '192.0.2.1:80/tcp' "$said"

runs 'false'
lacks 'a command that failed by itself is told nothing' 'netpale' "$said"

dns=guarded
policy '{host: api, ports: [8080/tcp]}'
runs 'cat </dev/tcp/packages.example/443'
# shellcheck disable=SC2016  # as Markdown has it
contains 'guarded: a name that does not exist for it' '- `packages.example`' "$said"
contains 'guarded: is refused' 'name refused' "$said"
contains 'guarded: to this program' 'bash' "$said"
