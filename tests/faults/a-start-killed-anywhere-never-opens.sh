#!/bin/bash
# SIGKILL at system calls of a start from its first to its last, whoever makes it (at each of them with
# FAULTS=all): what stood stands, or the closed fence, or the whole one; no agent runs without that; and
# the next start works.
. "${0%/*}/../netns/lib.sh"
. "${0%/*}/syscalls.bash"

learn_fences resolvers
each 'killed on a fresh network' -k -s "$(each_nth 6)" -a "$witness" -- "${run[@]}" -f policies/resolvers "${agent[@]}"
each 'killed over another fence, as PID 1' "${over_old[@]}" -k -s "$(each_nth 6)" -p -a "$witness" -- \
	"${run[@]}" -f policies/resolvers "${agent[@]}" stays
learn_fences guarded
each 'guarded, killed over another fence, as PID 1' "${over_old[@]}" -k -s "$(each_nth 16)" -p -a "$witness" -- \
	"${run[@]}" -f policies/guarded "${agent[@]}" stays
