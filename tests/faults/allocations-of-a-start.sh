#!/bin/bash
# Each allocation of a start fails in turn: either the whole fence stands and the agent runs, or there is
# no agent, a message, and what stood before, or the closed fence.
SOURCES=$(cd "${0%/*}" && pwd)
. "${0%/*}/../netns/lib.sh"
. "$SOURCES/turns.bash"

scene
fail_allocations main run
conclude 'a start'
first=old
fail_allocations main run
conclude 'a start behind a fence'
fail_allocations main apply
conclude 'apply over a fence'
echo "$total allocations failed in turn"
