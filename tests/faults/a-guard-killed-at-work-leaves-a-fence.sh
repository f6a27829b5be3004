#!/bin/bash
# SIGKILL at system calls of a guard at work, or of its forwarder: nobody outlives the guard, its fence stays,
# and the next one starts; another forwarder serves.
. "${0%/*}/../netns/lib.sh"
. "${0%/*}/syscalls.bash"
. "${0%/*}/guard.bash"

at_work -k -s "$(each_nth 16)"
