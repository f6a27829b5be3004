#!/bin/bash
# System calls of a guard at work, and of its forwarder, fail one after the other: while it learns, reads its
# policy again when asked or signalled, tells its status, starts another forwarder. It works on, or ends with a
# word; what stands is what it says; no address is told that is closed, and none is open that no name has.
. "${0%/*}/../netns/lib.sh"
. "${0%/*}/syscalls.bash"
. "${0%/*}/guard.bash"

at_work -s "$(each_nth 12)"
