#!/bin/bash
# Orphans of the agent come to PID 1, and are reaped there, with and without the guard.
. "$(dirname "$0")/lib.sh"

net=$(network net)

# The agent leaves twenty orphans behind, which end when it closes the pipe they all read.
agent='
import os, signal
gate, end = os.pipe()
for _ in range(20):
    if os.fork() == 0:
        os.close(end)
        if os.fork() == 0:
            os.read(gate, 1)
        os._exit(0)
    os.wait()
print("orphans", flush=True)
signal.sigwait([signal.SIGUSR1])
os.close(end)
print("closed", flush=True)
signal.pause()'

pythons() { docker exec "$id-$dns" pgrep -c python3; }
zombies() { docker exec "$id-$dns" ps -eo stat= | grep -c '^Z'; }
# shellcheck disable=SC2317  # called through await
only_one() { [ "$(pythons)" = 1 ]; }

for dns in resolvers guarded; do
	policy 192.0.2.1:443
	# SIGUSR1 is blocked from the start, so that it can be waited for.
	start $dns --network "$net" "${privileges[@]}" "${with_policy[@]}" "$image" python3 -c "
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
$agent"
	await 20 'the agent has orphans' said "$id-$dns" orphans
	equals 'the orphans live' 21 "$(pythons)"
	docker kill -s USR1 "$id-$dns" >/dev/null
	await 10 'the orphans end' only_one
	equals 'none is a zombie' 0 "$(zombies || true)"
	equals 'the agent still runs' true "$(docker inspect -f '{{.State.Running}}' "$id-$dns")"
done
