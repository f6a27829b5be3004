# shellcheck shell=bash disable=SC2154  # lib.sh sets what this reads
# docker/run-agent in a workspace of the test's own, with the image of the tests.
mkdir -p "$work/project"
chown 1000:1000 "$work/project"
cd "$work/project" || exit
export RUN_AGENT_IMAGE=$image
unset ANTHROPIC_API_KEY

left() { docker ps -aq --filter "name=$id-agent"; }
clean_more() {
	left | xargs -r docker rm -f -v >/dev/null
	docker rmi -f "netpale-run-agent:$id" >/dev/null 2>&1
}

# agent [OPTION...] [POLICY] -- COMMAND...
agent() { "$repository/docker/run-agent" --network "$net" --name "$id-agent" "$@"; }
try() { capture agent "$@" </dev/null; }

# image_with LINE...: the test's image and these lines of a Dockerfile. It goes with the test.
image_with() {
	printf '%s\n' "FROM $image" "$@" | docker build -q -t "netpale-run-agent:$id" - >/dev/null 2>&1
	echo "netpale-run-agent:$id"
}

# public_network NAME: of documentation addresses, which are no private ones. Another test may hold the same.
public_network() {
	local try

	for try in {1..20}; do
		! network "$1" --internal --subnet "203.0.113.$((RANDOM % 16 * 16))/28" 2>/dev/null || return 0
	done
	fail "no subnet is free after $try tries"
}
