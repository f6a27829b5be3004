#!/bin/bash
# netpale as PID 1: what `docker stop`, orphans and stopped processes need, with and without a guard.
. "${0%/*}/lib.sh"

echo 'network: { allow: [ 198.51.100.10 ] }' >plain.yml
echo 'network: { dns: guarded, allow: [ 198.51.100.10 ] }' >guarded.yml
as_pid_1() { in_client unshare --pid --fork --mount-proc -- "$@"; }
# The process that is PID 1 in there, as it is known here.
init() { pgrep -o -x "$(basename "$NETPALE" | cut -c 1-15)"; }
ended_with() { # STATUS COMMAND...
	local status=0 expected=$1
	shift
	"$@" || status=$?
	same "$status" "$expected"
}

# Waits for signals and says their names.
cat >listen.py <<-'END'
	import signal
	listened = {getattr(signal, "SIG" + name) for name in
	            "TERM INT HUP QUIT USR1 USR2 ALRM CONT WINCH PIPE".split()} | {signal.SIGRTMIN + 3}
	signal.pthread_sigmask(signal.SIG_BLOCK, listened)
	print("ready", flush=True)
	while True:
	    number = signal.sigwait(listened)
	    print(number if number >= 32 else signal.Signals(number).name, flush=True)
END
# An orphan that has ended: its parent is gone, so it is for PID 1 to reap.
cat >orphan.py <<-'END'
	import os, time
	reader, writer = os.pipe()
	if os.fork() == 0:
	    orphan = os.fork()
	    if orphan:
	        os.write(writer, b"%d" % orphan)
	    os._exit(0)
	os.wait()
	orphan = os.read(reader, 16).decode()
	end = time.monotonic() + 2
	while os.path.exists("/proc/" + orphan) and time.monotonic() < end:
	    os.sched_yield()
	print("zombie" if os.path.exists("/proc/" + orphan) else "reaped")
END
check 'without an init, an orphan stays a zombie' same "$(as_pid_1 python3 orphan.py)" zombie

for policy in plain guarded; do
	run=("$NETPALE" run -q -f "$WORK/$policy.yml" --)
	as_pid_1 "${run[@]}" python3 listen.py >heard &
	busywait 5000 says heard ready
	signals=(SIGTERM SIGINT SIGQUIT SIGUSR1 SIGUSR2 SIGALRM SIGCONT SIGWINCH SIGPIPE)
	# A guard takes that of a process as its own: read the policy again.
	if [ "$policy" = plain ]; then signals+=(SIGHUP); else kill -HUP "$(init)"; fi
	for signal in "${signals[@]}"; do
		kill "-$signal" "$(init)"
		check "$policy: $signal reaches the agent" busywait 1000 says heard "^$signal\$"
	done
	kill -37 "$(init)"
	check "$policy: a real-time signal reaches the agent" busywait 1000 says heard '^37$'
	# Signals are taken in the order of their numbers: this one comes behind all the others.
	for signal in TSTP TTIN TTOU CHLD 37; do kill "-$signal" "$(init)"; done
	heard_twice() { [ "$(grep -c '^37$' heard)" = 2 ]; }
	busywait 1000 heard_twice
	check "$policy: each once, and no others" same "$(wc -l <heard)" $((${#signals[@]} + 3))
	kill -KILL "$(init)"
	wait $! 2>/dev/null || :

	as_pid_1 "${run[@]}" sh -c 'echo ready; exec tail -f /dev/null' >heard &
	busywait 5000 says heard ready
	kill -TERM "$(init)"
	check "$policy: an agent that does not care ends with 143, within a second" \
		ended_with 143 within 1000 wait $!

	check "$policy: behind netpale it is reaped" same "$(as_pid_1 "${run[@]}" python3 orphan.py)" reaped
	check "$policy: an orphan that goes on does not keep the container" \
		within 2000 as_pid_1 "${run[@]}" sh -c 'tail -f /dev/null & exit 0'

	# shellcheck disable=SC2016
	for signal in STOP TSTP TTIN; do
		check "$policy: an agent that stops itself goes on: $signal" ended_with 5 \
			within 2000 as_pid_1 "${run[@]}" sh -c "kill -$signal \$\$; exit 5"
	done

	# While the start waits for another one to end.
	exec {lock}>>/run/netpale/lock
	flock "$lock"
	as_pid_1 "${run[@]}" touch ran {lock}>&- &
	starting=$!
	waits() { says <(ls -l "/proc/$(init)/fd") netpale/lock; }
	check "$policy: the start waits" busywait 5000 waits
	kill -TERM "$(init)"
	exec {lock}>&-
	check "$policy: a stop before the agent ran is kept for later" ended_with 143 wait $starting
	refute "$policy: and there is no agent then" test -e ran
done

# While names are resolved: a server that takes the question and says nothing.
start udp 198.51.100.53 53 socat -u udp-recvfrom:53,bind=198.51.100.53,fork create:asked
in_client unshare --pid --fork --mount-proc -- \
	"$NETPALE" run -q --resolve-timeout 1 --allow slow.example.com -- touch ran &
check 'the start waits for DNS' busywait 5000 test -s asked
kill -TERM "$(init)"
check 'a stop before the agent ran is kept for later' ended_with 143 wait $!
refute 'and there is no agent then' test -e ran

# What the agent inherits is what netpale was given.
inheriting() { # NETPALE'S-WORD... -- PROGRAM...
	as_pid_1 env --ignore-signal=CHLD,USR1 --block-signal=USR2 "$NETPALE" "$@"
}
for start in 'exec -q --' 'run -q -f guarded.yml --'; do
	# shellcheck disable=SC2086
	check "$start: an ignored SIGCHLD does not lose the status" \
		ended_with 9 inheriting $start sh -c 'exit 9'
	# shellcheck disable=SC2086
	inheriting $start cat /proc/self/status >status || :
	check "$start: dispositions are restored" says status '^SigIgn:[[:space:]]0+10200$'
	check "$start: the mask is restored" says status '^SigBlk:[[:space:]]0+800$'
done

# Plainly, nothing of netpale stays.
netpale run -q -f plain.yml -- sh -c 'echo ready; exec tail -f /dev/null' >heard &
busywait 5000 says heard ready
# Of the PID 1 before, the last may still be going.
check 'not as PID 1, no process of netpale is left' busywait 5000 not init
pkill -P $! -x tail
wait $! || :

# A guard stays, whoever is PID 1: orphans are its own, and its end is the agent's.
netpale run -q -f guarded.yml -- sh -c '(tail -f /dev/null & echo orphan $!); echo agent $$
	exec tail -f /dev/null' >heard &
busywait 5000 says heard '^agent'
guard=$(init)
orphan=$(sed -n 's/^orphan //p' heard) agent=$(sed -n 's/^agent //p' heard)
ended() { not test -d "/proc/$1"; } # PID, and it is no zombie
check 'an orphan becomes a child of the guard' says "/proc/$orphan/status" "^PPid:[[:space:]]$guard\$"
kill -KILL "$orphan"
check 'which reaps it' busywait 2000 ended "$orphan"
check 'the agent lives' kill -0 "$agent"
kill -KILL "$guard"
wait $! 2>/dev/null || :
gone() { not says "/proc/$1/status" '^State:[[:space:]][^ZX]'; }
check 'a guard that is killed takes the agent with it' busywait 2000 gone "$agent"
check 'and the forwarder' busywait 2000 not init
