#!/bin/bash
# netpale as PID 1 on a terminal, as `docker run -it` has it; as guard, too.
. "${0%/*}/lib.sh"

echo 'network: { allow: [ 198.51.100.10 ] }' >plain.yml
echo 'network: { dns: guarded, allow: [ 198.51.100.10 ] }' >guarded.yml

# Runs a command on a terminal of its own and plays: "wait TEXT" until it has said so, "send
# TEXT", "size ROWS COLUMNS", "hang up". Then waits for its end, and ends as it did.
cat >play.py <<-'END'
	import fcntl, os, pty, select, struct, sys, termios
	at = sys.argv.index("--")
	pid, master = pty.fork()
	if pid == 0:
	    os.execvp(sys.argv[at + 1], sys.argv[at + 1:])
	unread = b""
	def more():
	    global unread
	    try:
	        new = os.read(master, 65536)
	    except OSError:
	        new = b""
	    sys.stdout.write(new.decode(errors="replace"))
	    sys.stdout.flush()
	    unread += new
	    return bool(new)
	for action in sys.argv[1:at]:
	    verb, _, text = action.partition(" ")
	    text = text.encode().decode("unicode_escape").encode()
	    if verb == "wait":
	        while text not in unread:
	            if not more():
	                sys.exit("ended before it said: " + text.decode())
	        unread = unread[unread.index(text) + len(text):]
	    elif verb == "send":
	        os.write(master, text)
	    elif verb == "size":
	        rows, columns = map(int, text.split())
	        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
	    elif verb == "hang":
	        os.close(master)
	while verb != "hang" and more():
	    pass
	sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
# No shell: it says what happens to it, and obeys what it reads.
cat >agent.py <<-'END'
	import os, signal, sys
	def say(*words):
	    os.write(1, (" ".join(map(str, words)) + "\n").encode())
	interrupts = 0
	def interrupted(*_):
	    global interrupts
	    interrupts += 1
	    say("interrupted")
	def resized(*_):
	    say("size", *os.get_terminal_size(0))
	signal.signal(signal.SIGINT, interrupted)
	signal.signal(signal.SIGWINCH, resized)
	say("ready", "foreground" if os.tcgetpgrp(0) == os.getpgrp() else "background")
	for line in sys.stdin:
	    verb = line.split()[0]
	    if verb == "count":
	        say("interrupts:", interrupts)
	    elif verb == "end":
	        sys.exit(7)
	    elif verb == "lend": # a child takes the terminal and dies with it
	        child = os.fork()
	        if child == 0:
	            os.setpgid(0, 0)
	            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
	            os.tcsetpgrp(0, os.getpid())
	            os._exit(0)
	        os.waitpid(child, 0)
	        say("lent")
	    else:
	        say("read", verb)
END
play() { # STATUS ACTION... -- AGENT...
	local expected=$1 actions=() status=0
	shift
	while [ "$1" != -- ]; do actions+=("$1") && shift; done
	timeout 20 python3 play.py "${actions[@]}" -- nsenter --net=/run/netns/client \
		unshare --pid --fork --mount-proc setsid --ctty \
		"$NETPALE" run -q -f "$policy.yml" "$@" || status=$?
	same "$status" "$expected"
}

for policy in plain guarded; do
	check "$policy: the agent is in the foreground, and its status is kept" \
		play 7 'wait ready foreground' 'send end\n' -- python3 agent.py
	check "$policy: Ctrl-C reaches the agent, once" \
		play 7 'wait ready' 'send \x03' 'wait interrupted' 'send count\n' 'wait interrupts: 1\r' \
		'send end\n' -- python3 agent.py
	check "$policy: Ctrl-Z does not hang an agent that is no shell" \
		play 7 'wait ready' 'send \x1a' 'send again\n' 'wait read again' 'send end\n' -- \
		python3 agent.py
	check "$policy: a terminal that a child lost comes back" \
		play 7 'wait ready' 'send lend\n' 'wait lent' 'send again\n' 'wait read again' \
		'send end\n' -- python3 agent.py
	check "$policy: a new size is seen" \
		play 7 'wait ready' 'size 41 101' 'wait size 101 41' 'send end\n' -- python3 agent.py
	check "$policy: Ctrl-\ ends the agent" play 131 'wait ready' 'send \x1c' -- python3 agent.py
	check "$policy: hanging up ends the agent" play 129 'wait ready' 'hang up' -- python3 agent.py
	check "$policy: a shell has its job control" play 3 \
		'wait $ ' 'send python3 agent.py\n' 'wait ready foreground' 'send \x1a' 'wait Stopped' \
		'wait $ ' 'send fg\n' 'send again\n' 'wait read again' 'send \x03' 'wait interrupted' \
		'send end\n' 'wait $ ' 'send echo status: $?\n' 'wait status: 7' 'send exit 3\n' -- \
		bash --norc -i
done
