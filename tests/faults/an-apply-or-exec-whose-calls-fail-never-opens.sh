#!/bin/bash
# The same of `apply` over a running fence, and of `exec` behind one.
. "${0%/*}/../netns/lib.sh"
. "${0%/*}/syscalls.bash"

learn_fences resolvers
each 'apply, over another fence' "${over_old[@]}" -- apply --resolve-timeout 1 -f policies/resolvers
netpale apply -q -f policies/resolvers
each 'exec, as root' -b full -a "$witness" -- exec "${agent[@]}"
each 'exec, as root, as PID 1' -s "$(each_nth 2)" -p -b full -a "$witness" -- exec "${agent[@]}" stays
