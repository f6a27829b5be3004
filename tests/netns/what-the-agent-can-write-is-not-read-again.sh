#!/bin/bash
# While the agent runs a guard reads nothing again that the agent can write, and misses nothing that
# is gone: what was in force stays, and why is said.
. "${0%/*}/lib.sh"

for host in 10 11 12; do start_echo 198.51.100.$host 7; done
mkdir -m 755 /run/policy /run/project /run/netpale-etc
mkdir -p /etc/netpale
mount --bind /run/netpale-etc /etc/netpale
policy=/run/policy/policy.yml
allow() { # ADDR: a policy on stdout
	printf 'network:\n  dns: guarded\n  allow: [%s]\n' "$1"
}
reload_fails() { # TEXT
	local status=0
	netpale reload || status=$?
	[ "$status" = 65 ] && says said "the policy stays as it was: .*$1" &&
		says guard.said "the policy stays as it was: .*$1"
}
# The guard looks at its files when it writes down what has changed, here that it was asked something.
has_written() { ! cmp -s /run/netpale/status.json status.before; }
looks() { # TIMES
	for _ in $(seq "$1"); do
		cp /run/netpale/status.json status.before
		in_client dig +tries=1 +timeout=5 "name$_.example" >/dev/null &&
			busywait 5000 has_written || return 1
	done
}
holds() { reaches tcp 198.51.100.10 7 && refused_fast tcp 198.51.100.11 7; }

allow 198.51.100.10 >$policy
start_guard -f $policy
check 'what the policy says holds' holds
allow 198.51.100.11 >$policy
chmod 666 $policy
check 'a policy that the agent can write is refused' reload_fails 'the agent can write it'
check 'and nothing has changed' holds
rm $policy
check 'a policy that is gone is missed' reload_fails "$policy: no such file any more"
check 'and nothing has changed' holds
allow 198.51.100.10 >$policy
check 'it is back' netpale reload
allow '198.51.100.11, nowhere:x, ::1/64' >$policy
check 'a faulty one is refused with its first fault' reload_fails "$policy:3:.*\(and 1 more\)"
check 'and nothing has changed' holds
allow 198.51.100.10 >$policy
stop_guard TERM

cd /run/project
printf 'network:\n  allow: [198.51.100.10]\n' >.ccpod.yml
chown -R 1000:1000 .
cd "$WORK"
start_guard -f $policy --project /run/project/.ccpod.yml
: >guard.said
sed -i 's/100\.10/100.11/' /run/project/.ccpod.yml
check 'it is given the time to be seen' looks 4
refute 'its change is no reason to reload' says guard.said 'reloaded|stays as it was'
allow '198.51.100.10, 198.51.100.12' >$policy
check 'the operator says more' busywait 10000 reaches tcp 198.51.100.12 7
check 'the project counts as it was' holds
stop_guard TERM

# One that is found from the working directory.
start_there() { # COMMAND...: what starts it
	: >guard.said
	(cd /run/project && exec nsenter --net=/run/netns/client -- "$@" "$NETPALE" guard \
		-f $policy 2>>"$WORK/guard.said") &
	guard=$!
	busywait 10000 says guard.said ', dns '
}
allow 198.51.100.10 >$policy
printf 'network:\n  deny: [198.51.100.11]\n' >/run/project/.ccpod.yml
start_there env
rm /run/project/.ccpod.yml
allow '198.51.100.10, 198.51.100.11' >$policy
check 'the operator opens what the project closes' netpale reload
check 'it stays closed when the agent takes the file away' holds
stop_guard TERM
allow 198.51.100.10 >$policy
: >/run/project/.ccpod.yml
chown 1000 /run/project/.ccpod.yml
start_there env
printf 'network:\n  allow: [198.51.100.11]\n' >/run/project/.ccpod.yml
check 'an empty project is read again no more than any' netpale reload
check 'and opens nothing' holds
stop_guard TERM

# Root without the capability to look everywhere, in a home that is the agent's alone.
chmod 700 /run/project
check 'a guard starts in a directory that only the agent may search' start_there \
	setpriv --bounding-set=-all,+net_admin,+kill,+setuid,+setgid,+setpcap --
check 'and reloads there' netpale reload
stop_guard TERM

# A default policy that was not there at the start, in a directory of the agent's.
start_guard --allow 198.51.100.10 --dns guarded
chown 1000 /etc/netpale
allow 198.51.100.11 >/etc/netpale/policy.yml
check 'one that has come since is refused, too' reload_fails 'the agent can write it'
check 'and nothing has changed' holds
stop_guard TERM
