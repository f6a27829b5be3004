#!/bin/bash
# docker/run-agent, ended by a signal before or while the agent works: no container, no agent, no file stays.
. "$(dirname "$0")/lib.sh"
. "$tests/run_agent.bash"

net=$(network net)
mkdir "$work/tmp"
export TMPDIR=$work/tmp

exists() { [ -n "$(left)" ]; }
works() { [ -e here ]; }
makes_files() { [ -n "$(ls "$TMPDIR")" ]; }

# interrupted SIGNAL STATUS WHEN: as if it were typed, not in the background, where SIGINT is ignored.
interrupted() {
	local status=0

	rm -f here
	env --default-signal=INT "$repository/docker/run-agent" --network "$net" --name "$id-agent" \
		-- sh -c 'touch here; exec sleep infinity' </dev/null &
	await 30 "$3" "$3"
	kill -s "$1" $!
	wait $! || status=$?
	equals "$1, $3: its status" "$2" "$status"
	equals 'no container stays' '' "$(left)"
	equals 'no file stays' '' "$(ls "$TMPDIR")"
}
interrupted TERM 143 makes_files
interrupted TERM 143 exists
lacks 'no agent' here "$(ls)"
interrupted TERM 143 works
interrupted INT 130 works
interrupted HUP 129 works
