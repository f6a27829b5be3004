#!/bin/bash
# Every system call of a start fails, one in each start: with an error it may give, with less than was
# asked for, or as if it had been done. The agent begins behind the whole fence and without any privilege,
# or not at all; the kernel holds what stood, the closed fence or the whole one.
. "${0%/*}/../netns/lib.sh"
. "${0%/*}/syscalls.bash"

learn_fences resolvers
each 'names, on a fresh network' -a "$witness" -- "${run[@]}" -f policies/resolvers "${agent[@]}"
each 'names, over another fence, as PID 1' "${over_old[@]}" -s "$(each_nth 2)" -p -a "$witness" -- \
	"${run[@]}" -f policies/resolvers "${agent[@]}" stays
learn_fences pinned
each 'pinned names, as PID 1' -s "$(each_nth 2)" -p -a "$witness" -- "${run[@]}" -f policies/pinned "${agent[@]}" stays
