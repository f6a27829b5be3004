#!/bin/bash
# The same of a start that puts a guard and its forwarder in front of the agent, and of a guard alone.
. "${0%/*}/../netns/lib.sh"
. "${0%/*}/syscalls.bash"

learn_fences guarded
each 'guarded, on a fresh network, as PID 1' -s "$(each_nth 4)" -p -a "$witness" -- \
	"${run[@]}" -f policies/guarded "${agent[@]}" stays
each 'a guard alone, over another fence' "${over_old[@]}" -s "$(each_nth 6)" -g -- \
	guard --resolve-timeout 1 -f policies/guarded
