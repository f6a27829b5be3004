#!/bin/bash
# Killed, stopped, again and again: the forwarder is started anew, never in a busy loop. The guard and the
# agent live; meanwhile names do not resolve, what is open stays open, and nothing else opens.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"

for addr in 198.51.100.10 198.51.100.11 2001:db8:1::10; do start_echo $addr 7; done
start udp 198.51.100.53 53 "$PEERS/dns" 198.51.100.53 53 quiet
echo 'network: { dns: guarded, allow: [ { host: www.example.com, ports: [7], private: true } ] }' |
	write_policy
start_run -f $POLICY -- tail -f /dev/null
agent=$(agent)
check 'names resolve' visits www.example.com 7
open_flow kept tcp 198.51.100.10 7

survives() { # HOW COMMAND [ARG...] with the forwarder's pid behind
	local how=$1 before
	before=$(forwarder)
	shift
	"$@" "$before"
	check "$how: another forwarder is started" busywait 15000 another_forwarder "$before"
	check "$how: the old one is gone" busywait 5000 gone "$before"
	check "$how: it serves" serves
	check "$how: names resolve" visits www.example.com 7
	check "$how: only they are open" only_learned 198.51.100.10 2001:db8:1::10
	check "$how: what they do not open is closed" refused_fast tcp 198.51.100.11 7
	check "$how: a flow lives" lives kept
	check "$how: the agent lives" alive "$agent"
	check "$how: the same guard" alive "$guard"
}
survives killed kill -KILL
check 'which is said' says guard.said 'warning: .*forwarder.* names do not resolve'
survives stopped kill -STOP
survives 'told to end' kill -TERM

# In its socket's place nobody listens for another one: it stays with the guard.
check 'the agent cannot take its port meanwhile' not as_agent python3 -c '
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind(("127.0.0.1", 7753))'

# Three have failed. Each one that is killed as soon as it is there waits longer for the next.
kill_again() { # UNTIL-MS
	local end=$(($(now_ms) + $1)) pid
	while [ "$(now_ms)" -lt "$end" ]; do
		# Which may have gone by itself.
		if pid=$(forwarder); then kill -KILL "$pid" 2>/dev/null || :; fi
		nap
	done
}
before=$(status_of forwarder.restarts)
kill_again 4000
after=$(status_of forwarder.restarts)
echo "restarts: $before, then $after"
check 'killed on sight for 4 s, it is started again' test "$after" -gt "$before"
check 'not often' test "$((after - before))" -le 6
ticks() { awk '{ print $14 + $15 }' "/proc/$guard/stat"; }
before=$(ticks)
check 'asked meanwhile, a name is answered by the next one' busywait 20000 visits www.example.com 7
check 'the guard has not been busy' test "$(($(ticks) - before))" -le 100
check 'the agent lives' alive "$agent"
check 'a flow lives' lives kept
check 'only the name is open' only_learned 198.51.100.10 2001:db8:1::10

# The guard stopped too: whoever asks waits, nothing is open.
kill -STOP "$guard"
check 'with the guard stopped nothing is open' refused_fast tcp 198.51.100.11 7
kill -CONT "$guard"
check 'it goes on' visits www.example.com 7

kill -TERM "$guard"
status=0
wait "$guard" || status=$?
check 'the end of the agent is the end of it all' same "$status" 143
check 'of the forwarder too' busywait 2000 not pgrep -u 64783
