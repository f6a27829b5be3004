#!/bin/bash
# The kernel's answers to a guard that learns and reloads are cut, lost, told twice, errors, or nonsense: it
# goes on, the fence of the policy in force stands, and the next question is answered.
SOURCES=$(cd "${0%/*}" && pwd)
. "${0%/*}/../netns/lib.sh"
. "$SOURCES/a-guard-goes-on.bash"

serve
recovers() { busywait 15000 resolve; }
change_answers main resolve
conclude 'questions'
check 'afterwards names resolve' recovers
# Of each manner one, a change is two reloads.
[ "${FAULTS-}" = all ] || KINDS='recv-enobufs recv-eintr cut-15 cut-half length-beyond sequence interrupted twice
	missing attribute-long noise EPERM ENOENT ENOMEM ENOBUFS'
change_answers main change
use first
conclude 'another policy'
check 'and names resolve' recovers
check 'it was one guard' alive "$guard"
echo "$total answers were not what they should be"
