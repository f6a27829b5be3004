#!/bin/bash
# On a terminal, whoever waits for names is told for which: one line, rewritten in place and gone
# before the next one. Nowhere else, and not when it is quick.
. "${0%/*}/lib.sh"

start udp 198.51.100.53 53 "$PEERS/dns" 198.51.100.53 53 quiet
# Where the agent cannot write, or there is a warning.
mkdir /run/etc
cat >/run/etc/slow.yml <<-'END'
	network:
	  allow:
	    - {host: a.example.com, private: true}
	    - {host: slow.example.com, private: true}
END
sed 's/slow/b/' /run/etc/slow.yml >/run/etc/quick.yml
sed 's/slow/silent/' /run/etc/slow.yml >/run/etc/silent.yml

# What stands on a terminal in the end that was sent what is on stdin.
cat >screen.py <<-'END'
	import re, sys
	lines, column = [""], 0
	for part in re.findall(r"\r|\n|\033\[[\d;]*[Km]|[^\r\n\033]+", sys.stdin.buffer.read().decode()):
	    if part == "\n":
	        lines.append("")
	    elif part == "\033[K":
	        lines[-1] = lines[-1][:column]
	    elif part[0] not in "\r\033":
	        lines[-1] = lines[-1][:column] + part + lines[-1][column + len(part):]
	        column += len(part)
	    if part in "\r\n":
	        column = 0
	print("\n".join(lines), end="")
END
# The bytes are in ./sent, what they come to in ./seen.
on_terminal() { # COLUMNS COMMAND...
	local command status=0
	printf -v command '%q ' "${@:2}"
	TERM=${TERMINAL-xterm} script -qec "stty cols $1; exec nsenter --net=/run/netns/client $command" \
		/dev/null >sent </dev/null || status=$?
	python3 screen.py <sent >seen
	return $status
}
waited_for() { says sent $'\r\033\\[Knetpale: resolving names, '"$1 of 2 answered, waiting for $2"; }
said_nothing() { not says sent resolving; }
narrow() { not says <(tr '\r' '\n' <sent | grep resolving | sed 's/\x1b\[K//g') '.{40}'; }
lines() { sed 's/[0-9]* ms$/N ms/' seen; }
started='netpale: restricted, 2 names (4 addresses), 0 networks, dns resolvers, inbound closed; N ms'

check 'a slow name is waited for' on_terminal 120 "$NETPALE" apply -f /run/etc/slow.yml
check 'visibly' waited_for 1 'slow\.example\.com \.\.\.'
check 'the line is gone in the end' same "$(lines)" "$started"
check 'on a narrow terminal, too' on_terminal 40 "$NETPALE" apply -f /run/etc/slow.yml
check 'the line is cut there' says sent $'answer\r'
check 'so that it stays one' narrow
check 'and is gone in the end' same "$(lines)" "$started"

check 'a name that has no answer' on_terminal 120 "$NETPALE" apply --resolve-timeout 1 -f /run/etc/silent.yml
check 'is waited for' waited_for 1 'silent\.example\.com \.\.\.'
check 'and the warning about it has a line of its own' \
	says seen '^netpale: warning: /run/etc/silent\.yml:4:7: skipped silent\.example\.com: timed out$'

check 'plan asks, too' on_terminal 120 "$NETPALE" plan -f /run/etc/slow.yml --format json
check 'and waits visibly' waited_for 1 'slow\.example\.com \.\.\.'
check 'what it prints begins on a clean line' says seen '^\{"version":1'

check 'quick names' on_terminal 120 "$NETPALE" apply -f /run/etc/quick.yml
check 'are no news' said_nothing
check 'no colour: that is no colour' \
	on_terminal 120 env NO_COLOR=1 "$NETPALE" apply -f /run/etc/slow.yml
check 'so it is visible' waited_for 1 'slow\.example\.com \.\.\.'
check 'quiet' on_terminal 120 "$NETPALE" apply -q -f /run/etc/slow.yml
check 'is quiet' said_nothing
check 'JSON' on_terminal 120 "$NETPALE" apply --json -f /run/etc/slow.yml
check 'is no place for it' said_nothing
TERMINAL=dumb
check 'a terminal that cannot wipe' on_terminal 120 "$NETPALE" apply -f /run/etc/slow.yml
check 'is not written over' said_nothing
check 'a pipe' netpale apply -f /run/etc/slow.yml
check 'neither' not says said resolving

# A signal ends the waiting as ever.
interrupted() {
	local status=0
	timeout --signal=INT 1 nsenter --net=/run/netns/client \
		"$NETPALE" apply --resolve-timeout 30 -f /run/etc/silent.yml 2>said || status=$?
	same "$status" 124
}
check 'a signal ends the waiting' within 5000 interrupted
