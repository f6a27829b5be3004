#!/bin/bash
# | as many processes as the container may have, so that no forwarder can be started | - | names do not resolve, nothing opens; afterwards they do again | a guard that tries again, later each time |
. "${0%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../netns/guard.bash
. "${0%/*}/../netns/guard.bash"

# Before, it was one number for the whole machine.
printf '6.14\n%s\n' "$(uname -r)" | sort -VC || skip 'no kernel.pid_max of a PID namespace (Linux 6.14)'

start_dns 198.51.100.53 <<<"$ALLOWED www.example.com"
start_echo "$ALLOWED" 443
start_echo 198.51.100.11 443
policy <<-'END'
	allow:
	  - {host: www.example.com, ports: [443], private: true}
END
stance guarded
cat >multiply.py <<-'END'
	import os, signal, sys, time
	children = []
	try:
	    while True:
	        pid = os.fork()
	        if pid == 0:
	            time.sleep(60)
	            os._exit(0)
	        children.append(pid)
	except OSError:
	    print("full of", len(children), flush=True)
	sys.stdin.read(1)
	for pid in children:
	    os.kill(pid, signal.SIGKILL)
	    os.waitpid(pid, 0)
	sys.stdin.read()
END
mkfifo agent.in
exec {agent}<>agent.in
# A limit of the container's own: as many numbers as its processes have.
(exec nsenter --net=/run/netns/client -- unshare --pid --fork --kill-child --mount-proc -- "$BASH" -c \
	'echo 400 >/proc/sys/kernel/pid_max && exec "$@"' - \
	"$NETPALE" run -f $POLICY -- python3 "$WORK/multiply.py" <agent.in >agent.said 2>guard.said {agent}>&-) &
container=$!
busywait 10000 says agent.said full || { echo 'FAIL: no agent'; cat guard.said; exit 1; }
guard=$(pgrep -P $container)
check 'the container is full' says agent.said 'full of [23][0-9]{2}'
check 'a name is open' visits www.example.com 443
open_flow kept tcp "$ALLOWED" 443
kill -KILL "$(forwarder)"
check 'no forwarder is started' busywait 10000 says guard.said 'warning: .*fork|Resource temporarily unavailable'
check 'no name resolves' not resolves www.example.com
check 'what is refused stays refused' refused_fast tcp 198.51.100.11 443
check 'what is open stays open' lives kept
check 'the guard lives' alive "$guard"
echo >&"$agent"
check 'with room for processes a forwarder is' serves
check 'and names resolve' visits www.example.com 443
