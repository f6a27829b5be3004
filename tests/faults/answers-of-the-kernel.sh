#!/bin/bash
# Each answer of the kernel's netlink to a start is cut, lost, told twice, an error, or says nonsense:
# either the whole fence stands and the agent runs, or there is no agent, a message, and what stood
# before, or the closed fence.
SOURCES=$(cd "${0%/*}" && pwd)
. "${0%/*}/../netns/lib.sh"
. "$SOURCES/turns.bash"

scene
change_answers main run
conclude 'a start'
first=old
change_answers main run
conclude 'a start behind a fence'
change_answers main apply
conclude 'apply over a fence'
echo "$total answers were not what they should be"
