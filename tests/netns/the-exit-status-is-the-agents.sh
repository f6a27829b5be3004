#!/bin/bash
# run and exec end as docker, env and timeout do, with a guard beside the agent or without.
. "${0%/*}/lib.sh"

echo 'network: { allow: [ 198.51.100.10 ] }' >policy.yml
echo 'network: { dns: guarded, allow: [ 198.51.100.10 ] }' >guarded.yml
printf '#!/no/such/interpreter\n' >orphaned-script
printf 'exit 6\n' >script-without-interpreter
printf 'echo\n' >not-executable
printf '\177ELF' >broken-binary
chmod 755 orphaned-script script-without-interpreter broken-binary

plainly() { netpale run -q -f policy.yml -- "$@"; }
as_pid_1() { in_client unshare --pid --fork --mount-proc "$NETPALE" run -q -f policy.yml -- "$@"; }
guarded() { netpale run -q -f guarded.yml -- "$@"; }
guarded_as_pid_1() { in_client unshare --pid --fork --mount-proc "$NETPALE" run -q -f guarded.yml -- "$@"; }
entering() { netpale exec -q -- "$@"; }
ends() { # STATUS COMMAND...
	local expected=$1 status=0
	shift
	"$how" "$@" >said 2>&1 || status=$?
	cat said
	same "$status" "$expected"
}
says_why() { same "$(wc -l <said)" 1 && says said "$1"; }

plainly true
for how in plainly as_pid_1 guarded guarded_as_pid_1 entering; do
	check "$how: success" ends 0 true
	check "$how: failure" ends 1 false
	check "$how: a status" ends 123 sh -c 'exit 123'
	check "$how: netpale's own number too" ends 125 sh -c 'exit 125'
	# shellcheck disable=SC2016
	check "$how: a signal" ends 137 sh -c 'kill -KILL $$'
	check "$how: a script without interpreter is the shell's" ends 6 ./script-without-interpreter
	check "$how: no such command" ends 127 no-such-command
	check "$how: which it says" says_why "^netpale: 'no-such-command': no such command in PATH$"
	check "$how: no such file" ends 127 ./no-such-file
	check "$how: which it says" says_why "^netpale: './no-such-file': no such file$"
	check "$how: an empty name" ends 127 ''
	check "$how: no such interpreter" ends 127 ./orphaned-script
	check "$how: which it says" says_why 'interpreter or loader'
	check "$how: not executable" ends 126 ./not-executable
	check "$how: which it says" says_why "^netpale: './not-executable': Permission denied$"
	check "$how: a directory" ends 126 /etc
done
