#!/bin/bash
# The same for a start with a guard: its allocations, those of the forwarder, and of what is forked before
# they and the agent are executed.
SOURCES=$(cd "${0%/*}" && pwd)
. "${0%/*}/../netns/lib.sh"
. "$SOURCES/turns.bash"

scene
sed 's/allow:/dns: guarded, allow:/' missing.yml >closed.yml
chmod 644 closed.yml
put nothing
not run closed.yml 2>said
look
closed=$stands
put nothing
run guarded.yml 2>said
look
new=$stands
check 'two fences that differ' test "$closed" != "$new" -a -n "$closed" -a -n "$new"
for role in main child forwarder; do
	fail_allocations $role run guarded.yml
	conclude "a guarded start, $role"
done
echo "$total allocations failed in turn"
