#!/bin/bash
# `netpale log` tells what /run/netpale holds: rows added up, since when, as they come, in a table for
# people and in JSON for machines; it needs no privilege. To root it tells, too, what only the kernel
# has counted. Nothing of what the file holds reaches a terminal raw.
. "${0%/*}/lib.sh"

mkdir -m 755 /run/netpale
record=/run/netpale/refused.jsonl
row() { # MS REST: a line, so long ago
	local at
	at=$(date -u -d "@$(($(date +%s) - $1 / 1000))" +%Y-%m-%dT%H:%M:%S.000Z)
	echo "{\"version\":1,\"time\":\"$at\",$2}"
}
connect() { # ADDRESS NAME COUNT
	printf '"reason":"no entry","audit":false,"uid":1000,"program":"curl","names":["%s"],' "$2"
	printf '"address":"%s","protocol":"tcp","port":443,"count":%s,' "$1" "$3"
	printf '"allow":"- %s:443/tcp"' "$2"
}
log() { as_agent "$NETPALE" log "$@" 2>said; }
rows() { log --json "$@" | python3 -c 'import json, sys
for line in sys.stdin:
	row = json.loads(line)
	print(row.get("names", row.get("address")), row["count"], row.get("packets", ""))'; }
is_quiet() { [ -z "$(log "$@")" ] && says said "$said"; }

said='nothing is recorded here: there is no /run/netpale/refused.jsonl; .* PID 1'
check 'where nothing is recorded, that is said' is_quiet
: >"$record"
said='^netpale: nothing was refused$'
check 'where nothing was refused, that is said' is_quiet
said='"level":"info","text":"nothing was refused"'
check 'and there is no line of JSON' is_quiet --json

{
	row 90000 "$(connect 198.51.100.11 a.example 1)"
	row 60000 "$(connect 198.51.100.12 b.example 4)"
	row 10000 "$(connect 198.51.100.11 a.example 2)"
} >"$record"
check 'what is the same is added up, what was refused last stands last' \
	same $'[\'b.example\'] 4 \n[\'a.example\'] 3 ' "$(rows)"
check 'what came before --since does not count' same "['a.example'] 2 " "$(rows --since 30s)"
check '--since takes what --json prints' same $'[\'b.example\'] 4 \n[\'a.example\'] 2 ' \
	"$(rows --since "$(sed -nE '2s/.*"time":"([^"]*)".*/\1/p' "$record")")"
# Just after midnight seconds ago is another day.
day=
[ "$(date -u -d '-2 minutes' +%F)" = "$(date -u +%F)" ] || day='([0-9-]{10} )?'
table() { as_agent "$NETPALE" log "$@"; }
check 'the table tells of today only the time' says <(table) \
	"^${day}[0-9]{2}:[0-9]{2}:[0-9]{2}  a\.example:443/tcp  +curl +3  no entry\$"
check 'and below it the line that would allow it' says <(table) '^ +- a\.example:443/tcp$'
check '--since is a time, too' same 4 \
	"$(table --since "$(date -u -d '-30 minutes' +'%F %T')" | grep -c example:443)"
said='nothing was refused since then'
check 'nothing since then is said, too' is_quiet --since 1s
for bad in yesterday 10w 25:00; do
	check "--since '$bad' is no time" same 64 "$(log --since "$bad" >/dev/null || echo $?)"
done
status=0
as_agent "$NETPALE" log --json >/dev/full 2>said || status=$?
check 'a line that could not be written is a failure' same 71 "$status"

# What the agent and its like could have made somebody write.
cp "$record" good
{
	cat good
	row 5000 "$(connect 198.51.100.13 $'x\033]0;title\a.example' 1)"
	row 5000 "$(connect 198.51.100.13 $'x\033[2J.example' 1)"
	row 5000 "$(connect 198.51.100.13 'x\u001b[2J.example' 1)"
	row 5000 "$(connect 198.51.100.13 'x\u009b2J.example' 1)"
	row 5000 "$(connect 198.51.100.13 $'x\xff\xfe\xc3.example' 1)"
	row 5000 "\"reason\":\"no entry\",\"uid\":1000,\"program\":\"\\u001b[31mcurl\",\"names\":[]," \
		"\"address\":\"198.51.100.13\",\"protocol\":\"tcp\",\"port\":443,\"count\":1"
	row 5000 "$(connect 198.51.100.13 $'x\u202e.example' 1)"
	echo '{"version":1,"names":"'
	head -c 100000 /dev/zero | tr '\0' '['
	echo
	head -c 1000 /dev/urandom
} >"$record"
plain() { # ARGUMENT...: printable ASCII, and lines
	log "$@" >told && LC_ALL=C grep -vxE '[ -~]*' told said && return 1
	[ -s told ]
}
check 'nothing in the file reaches the terminal raw: table' plain
check 'nothing in the file reaches the terminal raw: JSON' plain --json
check 'and what is whole is still told' same $'[\'b.example\'] 4 \n[\'a.example\'] 3 ' \
	"$(rows | grep -F -e a.example -e b.example)"
cp good "$record"

# -f: the last ten, then what comes, until nobody reads any more.
for i in {10..30}; do
	row $((100000 - i * 1000)) "$(connect "198.51.100.$i" "h$i.example" 1)"
done >"$record"
mkfifo follower
(exec nsenter --net=/run/netns/client -- setpriv --reuid=1000 --regid=1000 --clear-groups \
	"$NETPALE" log -f --json >follower 2>said) &
follower=$!
exec {reading}<follower
first() { for _ in {1..10}; do read -rt 5 -u "$reading" line && echo "$line"; done; }
check '-f begins with the last ten' same "$(tail -n 10 "$record")" "$(first)"
next() { read -rt 5 -u "$reading" line && [[ $line == *"$1"* ]]; }
row 0 "$(connect 198.51.100.40 new.example 1)" >>"$record"
check 'and tells what comes within half a second' within 500 next new.example
row 0 "$(connect 198.51.100.40 new.example 2)" >>"$record"
check 'and what comes again' within 500 next '"count":2'
exec {reading}<&-
ended() { ! kill -0 "$follower" 2>/dev/null; }
check 'and ends when nobody reads any more' busywait 3000 ended
status=0
wait "$follower" || status=$?
check 'which is no failure' same 0 "$status"

# The kernel counts what the log has not seen.
rm -f "$record"
printf 'network:\n  allow: [198.51.100.10]\n' >policy.yml
check 'a fence goes up, and is proven' netpale run -f policy.yml -- true
untold() { [ -z "$(in_client "$NETPALE" log 2>said)" ] && says said 'nothing is recorded here'; }
check 'what netpale tried to prove it is not told' untold
for i in {1..7}; do
	as_agent "$PEERS/probe" refused tcp 198.51.100.11 443 1000 || :
	as_agent "$PEERS/probe" refused tcp 2001:db8:1::12 443 1000 || :
done >/dev/null 2>&1
{
	row 0 "$(connect 198.51.100.11 a.example 3)"
	row 0 "$(connect 2001:db8:1::12 c.example 7)"
} >"$record"
check 'root is told how many packets there were' \
	same $'[\'a.example\'] 3 7\n[\'c.example\'] 7 7' \
	"$(in_client "$NETPALE" log --json | python3 -c 'import json, sys
for line in sys.stdin:
	row = json.loads(line)
	print(row["names"], row["count"], row["packets"])')"
check 'and below the table what the log has not seen' \
	says <(in_client "$NETPALE" log) '^198\.51\.100\.11: 7 refused in all, the log has seen 3$'
refute 'but not what it has seen' says <(in_client "$NETPALE" log) '^2001:db8:1::12: '
refute 'the agent cannot read the counters' says <(log --json) '"packets"'
check 'counters do not know since when' same '' \
	"$(in_client "$NETPALE" log --since 1h | grep 'in all' || :)"
