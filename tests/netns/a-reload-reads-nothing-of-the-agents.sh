#!/bin/bash
# A profile that the agent can put something else in place of, a project's file that comes later or becomes
# something else: a reload takes none of it. The operator's own project counts anew, and with
# --allow-sudo nothing does.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"

for addr in 198.51.100.10 198.51.100.11 198.51.100.12; do start_echo $addr 7; done
open_to() { # HOST: the only one
	echo "network: { dns: guarded, allow: [ '198.51.100.$1:7' ] }"
}
extend_to() { echo "network: { allow: [ '198.51.100.$1:7' ] }"; }
by_agent() { setpriv --reuid=1000 --regid=1000 --clear-groups -- "$@"; }
only_open() { # HOST...
	local host
	for host in 10 11 12; do
		case " $* " in
		*" $host "*) reaches tcp 198.51.100.$host 7 || return 1 ;;
		*) refused_fast tcp 198.51.100.$host 7 || return 1 ;;
		esac
	done
}
is_refused() { # PATTERN
	local status=0
	netpale reload || status=$?
	same "$status" 65 && says "$WORK/said" "the policy stays as it was: .*$1" && only_open 10
}
mkdir /run/project
chown 1000:1000 /run/project
open_to 10 | write_policy

# The profile.
start_guard -f $POLICY
open_to 11 | write_policy
chmod 777 /run/etc
check 'a profile in a directory that anybody can write' is_refused 'the agent can write it'
chmod 755 /run/etc
mv $POLICY /run/project/policy.yml
ln -s /run/project/policy.yml $POLICY
check "one behind a link into the agent's directory" is_refused 'the agent can write it'
rm $POLICY
open_to 11 | write_policy
check "root's alone again" netpale reload
check 'is read' only_open 11
stop_guard TERM

# A project's file that comes later.
open_to 10 | write_policy
cd /run/project
start_guard -f $POLICY
extend_to 12 | by_agent tee .ccpod.yml >/dev/null
check 'a project that comes later' netpale reload
check 'does not count' only_open 10
stop_guard TERM

# One that was there.
start_guard -f $POLICY
check 'a project that was there counts' only_open 10 12
extend_to 11 | by_agent tee .ccpod.yml >/dev/null
check 'changed by the agent' netpale reload
check 'what the start read stays' only_open 10 12
by_agent rm .ccpod.yml
by_agent mkfifo .ccpod.yml
check 'replaced by a FIFO' netpale reload
check 'what the start read stays' only_open 10 12
open_to 11 | write_policy
check 'with another profile' netpale reload
check 'both count' only_open 11 12
stop_guard TERM
rm .ccpod.yml

# The operator's own project is read again.
open_to 10 | write_policy
extend_to 12 >/run/etc/.ccpod.yml
cd /run/etc
start_guard -f $POLICY
check "the operator's project counts" only_open 10 12
extend_to 11 >/run/etc/.ccpod.yml
check 'changed' netpale reload
check 'it counts anew' only_open 10 11
rm /run/etc/.ccpod.yml
check 'taken away' netpale reload
check 'it does not count' only_open 10
stop_guard TERM

# The agent can be root.
cp "$NETPALE" /run/etc/netpale
NETPALE=/run/etc/netpale
open_to 10 | write_policy
mount --bind /run/etc /run/etc
mount -o remount,bind,ro /run/etc
start_run --allow-sudo -f $POLICY -- tail -f /dev/null
mount -o remount,bind,rw /run/etc
open_to 11 | write_policy
check 'with --allow-sudo' is_refused 'reload is off with --allow-sudo: the agent can be root'
kill -HUP "$guard"
tried_twice() { [ "$(status_of reloads.refused)" -ge 2 ]; }
check 'nor by a signal' busywait 5000 tried_twice
check 'nothing has changed' only_open 10
