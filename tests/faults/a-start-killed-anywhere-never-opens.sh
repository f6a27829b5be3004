#!/bin/bash
# SIGKILL at every system call of a start, whoever makes it: what stood stands, or the closed fence, or
# the whole one; no agent runs without that; and the next start works.
. "${0%/*}/../netns/lib.sh"
. "${0%/*}/syscalls.bash"

learn_fences resolvers
each 'killed on a fresh network' -k -s 3 -a "$witness" -- "${run[@]}" -f policies/resolvers "${agent[@]}"
each 'killed over another fence, as PID 1' "${over_old[@]}" -k -s 3 -p -a "$witness" -- \
	"${run[@]}" -f policies/resolvers "${agent[@]}" stays
learn_fences guarded
each 'guarded, killed over another fence, as PID 1' "${over_old[@]}" -k -s 8 -p -a "$witness" -- \
	"${run[@]}" -f policies/guarded "${agent[@]}" stays
