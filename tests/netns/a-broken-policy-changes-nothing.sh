#!/bin/bash
# The policy's file may be rewritten, replaced, broken or taken away at any moment. A change counts when it
# can be read; a fault is said with its place, to whoever asked and in the status, and the last good
# policy stays. What the agent can write is never read again.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"

for addr in 198.51.100.10 198.51.100.11 198.51.100.12; do start_echo $addr 7; done
open_to() { # HOST: the only one
	echo "network: { dns: guarded, allow: [ '198.51.100.$1:7' ] }"
}
open_to 10 | write_policy
start_guard -f $POLICY
only_open() { # HOST
	local host
	for host in 10 11 12; do
		if [ "$host" = "$1" ]; then
			reaches tcp 198.51.100.$host 7 || return 1
		else
			refused_fast tcp 198.51.100.$host 7 || return 1
		fi
	done
}
counted() { [ "$(status_of "reloads.$1")" -gt "$2" ]; } # tried|refused COUNT
check 'the first policy' only_open 10

# Whatever way a file changes.
notices() { # HOST
	busywait 5000 reaches tcp "198.51.100.$1" 7 && only_open "$1"
}
open_to 11 | write_policy
check 'a file in its place is noticed' notices 11
open_to 12 >$POLICY
check 'a file written anew is noticed' notices 12
mkdir /run/etc/one /run/etc/two
open_to 10 >/run/etc/one/policy.yml
open_to 11 >/run/etc/two/policy.yml
ln -s one /run/etc/now
ln -sfn now/policy.yml $POLICY
check 'a link in its place is noticed' notices 10
ln -s two /run/etc/next
mv -T /run/etc/next /run/etc/now
check 'a directory that is swapped behind it is noticed' notices 11
rm $POLICY
open_to 12 | write_policy
check 'a file that comes back is noticed' notices 12

# Broken, in whatever way.
is_refused() { # PATTERN: by all three
	local status=0 refused
	refused=$(status_of reloads.refused)
	netpale reload || status=$?
	same "$status" 65 && says said "the policy stays as it was: .*$1" &&
		says guard.said "the policy stays as it was: .*$1" &&
		says <(status_of reloads.fault) "$1" && says <(in_client "$NETPALE" status) "$1" &&
		counted refused "$refused" && only_open 12
}
noticed_as() { # PATTERN: without being asked
	busywait 5000 says guard.said "the policy stays as it was: .*$1" && only_open 12
}
echo 'network: { dns: guarded, allow: [ 198.51.100.10 ' | write_policy
check 'broken YAML is noticed' noticed_as 'policy.yml'
check 'broken YAML is refused' is_refused 'policy.yml:[0-9]+'
echo 'network: { dns: guarded, alow: [ 198.51.100.10 ] }' | write_policy
check 'a wrong key is refused' is_refused 'policy.yml:1:26: unknown key .alow'
echo 'network: { dns: guarded, allow: [ 198.51.100.300 ] }' | write_policy
check 'a wrong entry is refused' is_refused 'policy.yml:1:[0-9]+: '
: | write_policy
check 'an empty file is refused' is_refused 'no policy|policy'
rm $POLICY
check 'a missing one is noticed' noticed_as 'policy.yml: no such file'
check 'a missing one is refused' is_refused 'policy.yml: no such file'
mkdir $POLICY
check 'a directory is refused' is_refused 'policy.yml: is a directory'
rmdir $POLICY
mkfifo $POLICY
check 'a FIFO is refused, and blocks nobody' is_refused 'policy.yml: is not a regular file'
rm $POLICY
ln -s policy.yml $POLICY
check 'a link to itself is refused' is_refused 'policy.yml'
open_to 10 | write_policy
chown 1:1 $POLICY
chmod 600 $POLICY
check 'a file that the guard cannot read is refused' is_refused 'policy.yml: Permission denied'
head -c 9000000 /dev/zero | write_policy
check 'a file without measure is refused' is_refused 'policy.yml: larger than'
printf 'network:\n  dns: guarded\n  allow:\n    - \xff\xfe\n' | write_policy
check 'bytes that are no text are refused' is_refused 'policy.yml:[0-9]+'

# What cannot change while it runs.
open_to 10 | sed 's/guarded/resolvers/' | write_policy
check 'another stance is refused' is_refused 'dns becomes resolvers, which takes a new start'
echo 'network: { policy: full }' | write_policy
check 'a policy that refuses nothing is refused' is_refused 'a fence comes down only with its container'

# Cut off anywhere, as while somebody writes: less may be open, nothing else is.
printf 'network:\n  dns: guarded\n  allow:\n    - 198.51.100.12:7\n    - 198.51.100.10:7\n' >whole
cut_anywhere() {
	local status
	for _ in {1..25}; do
		status=0
		head -c $((RANDOM % $(wc -c <whole))) whole | write_policy
		netpale reload || status=$?
		[ $status = 0 ] || [ $status = 65 ] || return 1
		refused_fast tcp 198.51.100.11 7 || return 1
	done
}
check 'cut off anywhere, it opens nothing else' cut_anywhere
write_policy <whole
check 'whole again it is taken' netpale reload
check 'and is in force' reaches tcp 198.51.100.10 7
check 'no fault is shown any more' not status_of reloads.fault
check 'the guard lives' alive "$guard"
