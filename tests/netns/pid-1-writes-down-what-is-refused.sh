#!/bin/bash
# Without a guard PID 1 reads the kernel's packet log with no privilege left: each refusal stands in
# /run/netpale/refused.jsonl within a second, with its reason and the line that would allow it.
. "${0%/*}/lib.sh"
. "${0%/*}/../golden/json.bash"

record=/run/netpale/refused.jsonl
as_pid_1() { in_client unshare --pid --fork --mount-proc -- "$@"; }
cat >policy.yml <<-'END'
	network:
	  allow: [ 'api.example.com:80', 198.51.100.10 ]
	  deny: [ 203.0.113.0/24 ]
END
printf '203.0.113.10 denied.example.com\n198.51.100.14 api.example.com www.example.com\n' |
	start_dns 198.51.100.53
# The documentation networks of these names are private.
sed -i "s/'api.example.com:80'/{ host: api.example.com, ports: [80], private: true }/" policy.yml
for host in 198.51.100.14 198.51.100.15 203.0.113.10 2001:db8:1::15; do start_echo $host 8080; done

# Whoever wants to may ping, by a socket for that.
in_client sh -c 'echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range'

# An agent that does what it reads, a line each, until nobody writes any more.
mkfifo orders
run() { # [OPTION...]: it is ready when this returns
	: >agent.log
	# shellcheck disable=SC2016
	as_pid_1 "$NETPALE" run -q -f policy.yml "$@" -- \
		sh -c 'echo ready; while read -r line; do eval "$line"; done' <orders >agent.log 2>said &
	agent=$!
	exec {doing}>orders
	busywait 5000 says agent.log '^ready$' || { cat said; exit 1; }
}
does() { echo "$*" >&"$doing"; }
ends() { # STATUS
	local status=0
	exec {doing}>&-
	wait "$agent" || status=$?
	same "$status" "$1"
}
tries() { does "\"$PEERS/probe\" refused $* 5000"; } # tcp|udp ADDR PORT
row() { # KEY=VALUE...: the last one that has them all
	jq -c --args 'select(. as $row | $ARGS.positional |
		all(capture("(?<key>[^=]*)=(?<value>.*)") | ($row[.key] | tostring) == .value))' \
		"$@" <$record | tail -n 1 | grep .
}
written() { # SENTENCE KEY=VALUE...
	check "$1, within a second" busywait 1000 row "${@:2}"
}

run
tries tcp 198.51.100.15 8080
written 'TCP' address=198.51.100.15 protocol=tcp port=8080 uid=1000 'reason=no entry' \
	'allow=- 198.51.100.15:8080/tcp' count=1
tries udp 198.51.100.15 8080
written 'a datagram' address=198.51.100.15 protocol=udp port=8080 uid=1000 'reason=no entry' \
	'allow=- 198.51.100.15:8080/udp'
tries tcp 2001:db8:1::15 8080
written 'IPv6' address=2001:db8:1::15 protocol=tcp port=8080 'reason=no entry' \
	'allow=- "[2001:db8:1::15]:8080/tcp"'
tries tcp 198.51.100.14 8080
written 'another port of a name' 'names=["api.example.com"]' address=198.51.100.14 \
	'reason=wrong port' 'rule=policy.yml:2' \
	'allow=- { host: api.example.com, ports: [8080/tcp], private: true }'
tries tcp 203.0.113.10 8080
written 'what is denied' address=203.0.113.10 reason=denied rule=policy.yml:3 allow=null
cat >ping.py <<-'END'
	import socket
	ping = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
	ping.sendto(b"\x08\0\0\0\0\0\0\0", ("198.51.100.15", 0))
END
does 'python3 ping.py'
written 'a ping' address=198.51.100.15 protocol=icmp port=null \
	'allow=- 198.51.100.15  # all ports and protocols'
"$PEERS/probe" refused tcp 192.0.2.2 5173 5000
written 'what comes in' address=192.0.2.1 protocol=tcp port=5173 uid=null reason=inbound \
	'allow=inbound: [5173/tcp]'
tries tcp 192.0.2.1 8080
written 'the host' address=192.0.2.1 port=8080 'reason=host gateway' 'allow=host_gateway: [8080/tcp]'
does 'getent ahostsv4 www.example.com'
tries tcp 198.51.100.14 8081
written 'a name that the agent asked for' 'names=["www.example.com","api.example.com"]' port=8081
check 'the canary is not among them' not row port=9

check 'the agent reads it' same "$(as_agent cat $record)" "$(cat $record)"
refute 'and does not write it' as_agent sh -c "echo >>$record"
refute 'or take it away' as_agent rm $record
does 'cat /dev/null /proc/1/fd/* >fds 2>&1; ls /proc/self/fd >own; echo looked'
busywait 5000 says agent.log looked
check 'the agent does not look into PID 1' says fds 'Permission denied|No such file'
check 'and inherits nothing of it' same "$(tr '\n' ' ' <own)" '0 1 2 3 '
does 'exit 7'
check "the status is the agent's own" ends 7

# The next start goes on in the same file.
before=$(wc -l <$record)
run
tries tcp 198.51.100.15 8082
written 'the next start' port=8082
check 'what was there stays' same "$(head -n "$before" $record | wc -l)" "$before"
check 'it ends' ends 0

# On request elsewhere, too.
lines() { busywait 1000 says "$1" "$2" || { cat "$1"; return 1; }; } # FILE PATTERN
run --log stderr
tries tcp 198.51.100.15 8083
check 'on stderr for people' lines said \
	'^netpale: refused: uid 1000 198.51.100.15:8083/tcp, no entry; - 198.51.100.15:8083/tcp$'
check 'it ends' ends 0
run --log stderr --json
tries tcp 198.51.100.15 8083
check 'as fields for machines' lines said \
	'^\{"version":1,"level":"info","refusal":\{.*"port":8083,.*\},"text":"refused: uid 1000 198'
check 'it ends' ends 0
check 'as the manual has them' fits_manual 'Fl -log Cm stderr' <said
exec 3>json
run --log 3
exec 3>&-
tries tcp 198.51.100.15 8084
check 'as JSON to a descriptor' lines json '"port":8084,'
check 'the line that is in the file' same "$(tail -n 1 json)" "$(row port=8084)"
does 'ls /proc/self/fd >own; echo looked'
busywait 5000 says agent.log looked
check 'the agent does not inherit it' same "$(tr '\n' ' ' <own)" '0 1 2 3 '
check 'it ends' ends 0

# What was done last is there, too, though the kernel logged it faster than it could be read.
cat >last.py <<-'END'
	import socket
	flows = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(600)]
	for flow in flows: flow.sendto(b"?", ("198.51.100.15", 8091))
END
run --policy audit
pid_1=$agent
until says "/proc/$pid_1/status" '^NSpid:[[:space:]]+[0-9]+[[:space:]]+1$' >/dev/null; do pid_1=$(pgrep -P "$pid_1"); done
kill -STOP "$pid_1"
does 'exec python3 last.py'
is_over() { says "/proc/$(pgrep -P "$pid_1")/status" '^State:.*zombie'; }
check 'the agent ends while PID 1 sleeps' busywait 10000 is_over
kill -CONT "$pid_1"
check 'it ends' ends 0
check 'every flow is there' same 600 "$(jq -n '[inputs | select(.port == 8091).count] | add' $record)"

# Whoever does not read makes nobody wait.
mkfifo slow
exec 3<>slow
dd if=/dev/zero of=slow bs=4096 oflag=nonblock status=none 2>/dev/null || :
run --log 3
for port in 8085 8086; do
	tries tcp 198.51.100.15 $port
	written 'while nobody reads the descriptor' port=$port
done
drain() { dd if=slow iflag=nonblock bs=65536 count=64 2>/dev/null | tr -d '\0' >>drained || :; }
told() { drain && says drained "$1"; }
drain
tries tcp 198.51.100.15 8087
check 'what comes when somebody does' busywait 1000 told '"port":8087,'
check 'is told, and how much was lost' says drained '"lost":2[,}]'
check 'the agent can stop all the same' ends 0
exec 3>&-

# Nor does one that goes away hurt the agent: the signal for that is netpale's.
for dns in resolvers guarded; do
	run --dns $dns --log 3 3> >(read -r line && echo "$line" >first)
	tries tcp 198.51.100.15 8088
	check "$dns: one line is read" lines first '"port":8088,'
	for port in 8089 8090; do
		tries tcp 198.51.100.15 $port
		written "$dns: without a reader it is written all the same" port=$port
	done
	check "$dns: and the agent lives" ends 0
	rm first
done
for to in 17 stdout 3x; do
	check "--log $to: refused" same 125 "$(as_pid_1 "$NETPALE" run -q -f policy.yml --log $to -- \
		touch ran 2>/dev/null; echo $?)"
done
refute 'and no agent was started' test -e ran
netpale run -f policy.yml --log stderr -- true
check 'where nobody stays that is said' says said 'nothing is logged: netpale is not PID 1'

# Nowhere to write: at the end there are some lines.
mount -t tmpfs -o ro tmpfs /run/netpale
as_pid_1 "$NETPALE" run -f policy.yml -- sh -c "for port in 1 2 3 4 5 6 7 8 9 10 11 12; do
	$PEERS/probe refused tcp 198.51.100.15 \$port 5000; $PEERS/probe refused tcp 198.51.100.15 1 5000
done" >/dev/null 2>said
check 'on a read-only /run the end says it' says said \
	'^netpale: refused: uid 1000 198.51.100.15:1/tcp, no entry, [0-9]+ times; - 198.51.100.15:1/tcp$'
check 'in few lines' same 10 "$(grep -c 'refused: uid' said)"
check 'and how many more there were' says said 'refused: 2 more'
