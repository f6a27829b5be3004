#!/bin/bash
# docker/run-agent and docker/claude as the page says: the real Claude Code is answered by the API that the
# policy names. The API is a stub.
. "$(dirname "$0")/lib.sh"
. "$tests/run_agent.bash"

# Built by one of us; the second time it is all there.
image_of claude >/dev/null
(
	cd "$repository" || exit
	docker build --network host -t netpale-claude docker/claude
) >"$work/build.log" 2>&1 || fail "$(tail -n 3 "$work/build.log")"
unset RUN_AGENT_IMAGE

net=$(public_network net)
server "$net" api 8080
printf 'network: {allow: ["%s:8080/tcp"]}\n' "$(address api)" >policy.yml
ANTHROPIC_BASE_URL=http://$(address api):8080
export ANTHROPIC_API_KEY=none ANTHROPIC_BASE_URL
run-agent() { agent --env ANTHROPIC_BASE_URL "$@"; }

capture run-agent policy.yml -- claude -p 'run the tests' </dev/null
echo "$out"
equals 'Claude succeeds' 0 "$status"
contains 'behind a proven fence' 'docker/run-agent: verified: ' "$out"
contains 'the answer is the stub'"'"'s' 'Hello from beyond the pale.' "$out"
contains 'the stub was asked' 'POST /v1/messages' "$(docker logs "$id-api")"
