#!/bin/bash
# A guard reads the kernel's packet log, whatever answers DNS, and blames by the policy in force; what it
# had no time to write is written when it ends.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"

record=/run/netpale/refused.jsonl
for addr in 198.51.100.11 198.51.100.12 2001:db8:1::11; do start_echo $addr 80; done
tries() { as_agent "$PEERS/probe" refused "$1" "$2" "$3" 5000; } # tcp|udp ADDR PORT
row() { # KEY=VALUE...: the last one that has them all
	jq -c --args 'select(. as $row | $ARGS.positional |
		all(capture("(?<key>[^=]*)=(?<value>.*)") | ($row[.key] | tostring) == .value))' \
		"$@" <$record | tail -n 1 | grep .
}
written() { check "$1, within a second" busywait 1000 row "${@:2}"; } # SENTENCE KEY=VALUE...
count() { jq -s --arg port "$1" 'map(select((.port | tostring) == $port) | .count) | add' $record; } # PORT

write_policy <<-'END'
	network:
	  allow: [198.51.100.10]
END
exec 3>json
start_guard -f $POLICY --log 3
exec 3>&-
check 'TCP is refused' tries tcp 198.51.100.11 80
written 'that' address=198.51.100.11 port=80 protocol=tcp uid=1000 'reason=no entry' \
	'allow=- 198.51.100.11:80/tcp' audit=false
check 'UDP to IPv6 is refused' tries udp 2001:db8:1::11 80
written 'that' address=2001:db8:1::11 port=80 protocol=udp uid=1000
check 'the status counts them' says <(in_client "$NETPALE" status) '^refused   no entry 2$'
check 'the descriptor has both' same "$(wc -l <json)" 2

check 'what nobody denies is refused' tries tcp 198.51.100.12 80
written 'that' address=198.51.100.12 'reason=no entry' 'allow=- 198.51.100.12:80/tcp'
write_policy <<-'END'
	network:
	  allow: [198.51.100.10]
	  deny:
	    - 198.51.100.12
END
check 'a reload' netpale reload
check 'what the new policy denies is refused' tries tcp 198.51.100.12 80
written 'that, and by which line' address=198.51.100.12 reason=denied rule=$POLICY:4 allow=null

for _ in 1 2 3 4 5; do tries tcp 198.51.100.11 81; done
stop_guard TERM
check 'at its end all are written' same "$(count 81)" 5

start_guard -f $POLICY --log stderr
check 'another start goes on' tries tcp 198.51.100.11 82
written 'that' port=82
check 'behind what was there' same "$(count 81)" 5
check 'and says it on stderr' busywait 1000 says guard.said \
	'^netpale: refused: uid 1000 198\.51\.100\.11:82/tcp, no entry; - 198\.51\.100\.11:82/tcp$'
stop_guard TERM

# With an agent, whose question it answers and who inherits nothing of it.
write_policy <<-'END'
	network:
	  dns: guarded
	  allow: [198.51.100.10]
END
: >json
exec 3>>json
start_run -f $POLICY --log 3 -- sh -c 'ls /proc/self/fd; exec tail -f /dev/null'
exec 3>&-
as_agent getent ahosts refused.example.com || :
check 'a question stands there, too' busywait 1000 says json '"reason":"name refused".*"refused\.example\.com"'
check 'the agent has no more than it was given' same "$(grep -xE '[0-9]+' guard.said | tr '\n' ' ')" '0 1 2 3 '
not_recording() { refute "nor does $1 hold the record" says <(find "/proc/$2/fd" -printf '%l\n') 'refused|json'; }
not_recording 'the agent' "$(agent)"
not_recording 'the forwarder' "$(forwarder)"
kill -TERM "$(agent)"
