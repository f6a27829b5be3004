#!/bin/bash
# Each allocation of a guard that serves fails in turn, and of its forwarder: it goes on, the fence stands
# as it was, and the next question is answered.
SOURCES=$(cd "${0%/*}" && pwd)
. "${0%/*}/../netns/lib.sh"
. "$SOURCES/a-guard-goes-on.bash"

serve
recovers() { busywait 15000 resolve; }
for role in main forwarder; do
	fail_allocations $role resolve
	conclude "questions, $role"
	check 'afterwards names resolve' recovers
done
fail_allocations main tell_status
conclude 'status'
fail_allocations main change
use first
conclude 'another policy'
check 'afterwards it reloads' reload
check 'and names resolve' recovers
check 'it was one guard' alive "$guard"
echo "$total allocations failed in turn"
