#!/bin/bash
# `explain` tells in one line whether a destination is allowed and which line of which file says
# so, or the line that would allow it. It asks no DNS where addresses are given. Of a destination that
# was refused lately a second line tells when, to whom and why. --json says the same to machines.
. "${0%/*}/../golden/json.bash"
. "${0%/*}/lib.sh"

cat >policy.yml <<-'END'
	network:
	  allow:
	    - 198.51.100.0/24
	    - api.example.com:443
	    - 203.0.113.0/28:8000-8099/tcp
	    - "[2001:db8:1::/48]:443"
	    - gone.example.com
	  deny:
	    - 198.51.100.66
END
mkdir project
printf 'network:\n  allow:\n    - 203.0.113.77\n' >project/.ccpod.yml
echo '192.88.100.14 api.example.com' >answers
explain() { in_client env -C "$WORK/project" "$NETPALE" explain -f "$WORK/policy.yml" \
	--answers "$WORK/answers" --allow 203.0.113.88:22 "$@"; }
tells() { # STATUS DESTINATION PATTERN: one line, that status
	local status=0
	explain "$2" >told || status=$?
	echo "status $status"
	cat told
	[ "$status" = "$1" ] && [ "$(wc -l <told)" = 1 ] && says told "$3"
}
allowed() { check "$1 is allowed by $2" tells 0 "$1" "^allowed.*$2"; }
refused() { check "$1 is refused: $2" tells 1 "$1" "^refused.*$2"; }

allowed 198.51.100.10 'policy\.yml:3'
allowed 198.51.100.10:53999/udp 'policy\.yml:3'
refused 198.51.100.66 'policy\.yml:9'
allowed api.example.com:443 'policy\.yml:4'
allowed api.example.com 'policy\.yml:4'
refused api.example.com:80 "; allow 'api\.example\.com:443' \(.*policy\.yml:4\): wrong port; this line in allow would open it: - api\.example\.com:80/tcp$"
allowed 203.0.113.7:8080 'policy\.yml:5'
refused 203.0.113.7:8080/udp 'policy\.yml:5.*wrong port'
refused 203.0.113.7:8100 'policy\.yml:5.*wrong port'
allowed '[2001:db8:1::7]:443' 'policy\.yml:6'
refused '[2001:db8:2::7]:443' 'no entry; this line in allow would open it: - "\[2001:db8:2::7\]:443/tcp"$'
refused '[2001:db8:1::7]:444' 'policy\.yml:6.*wrong port'
allowed 203.0.113.77:9 '\.ccpod\.yml:3'
allowed 203.0.113.88:22 '--allow'
refused 192.88.100.99:25 'no entry.*192\.88\.100\.99:25'
refused unknown.example.net 'no address.*this line in allow'
refused gone.example.com "allow 'gone\.example\.com' \(.*policy\.yml:7\): the name has no address[^;]*$"

nowhere() { explain "$@" >told || :; says told '^refused: ' && not says told 'would open it'; }
check 'no line opens what the policy none refuses' nowhere --policy none 192.88.100.99:25
check "nor Docker's resolver to a guarded agent" nowhere --dns guarded 127.0.0.11:53/udp

# The line it proposes does what it says.
proposes() { # DESTINATION LINE
	local proposed
	proposed=$(explain "$1" | sed -n 's/.* would open it: //p')
	check "$1: the line is the log's" same "$2" "$proposed"
	printf 'network:\n  allow:\n    %s\n' "$proposed" >"$WORK/proposed.yml"
	check "$1: and allows it" explain -f "$WORK/proposed.yml" "$1"
}
echo '10.2.3.4 db.internal' >>answers
proposes 192.88.100.99:25 '- 192.88.100.99:25/tcp'
proposes '[2001:db8:2::7]:443/udp' '- "[2001:db8:2::7]:443/udp"'
proposes api.example.com:80 '- api.example.com:80/tcp'
proposes db.internal:5432 '- { host: db.internal, ports: [5432/tcp], private: true }'
echo '169.254.169.254 metadata.example.net' >>answers
proposes_nothing() { # DESTINATION OPTION...
	check "no line allows $*" same '' "$(explain "${@:2}" "$1" | grep 'would open it')"
}
proposes_nothing metadata.example.net:80
proposes_nothing 192.88.100.99:25 --policy none
proposes_nothing 127.0.0.11:53/udp --dns pinned

check 'it needs no privilege' as_agent "$NETPALE" explain -f policy.yml --answers answers 198.51.100.10
for bad in '' 198.51.100.0/24 'http://api.example.com' 'api.example.com:80-90'; do
	check "'$bad' is no destination" same 64 \
		"$(explain "$bad" >/dev/null 2>&1 || echo $?)"
done
explain 198.51.100.10 >/dev/full 2>said && status=0 || status=$?
check 'a line that could not be written is no answer' same 71 "$status"

# What was refused of it last.
mkdir -m 755 /run/netpale
row() { # SECOND, NAME, ADDRESS, PORT, COUNT, REST
	printf '{"version":1,"time":"2026-11-21T16:43:%s.000Z","reason":"wrong port","names":["%s"],' "$1" "$2"
	printf '"address":"%s","protocol":"tcp","port":%s,"count":%s%s}\n' "$3" "$4" "$5" "${6-}"
}
{
	row 20 api.example.com 192.88.100.14 80 1 ',"uid":1000,"program":"curl"'
	row 27 api.example.com 192.88.100.14 80 2 ',"uid":1000,"program":"curl"'
	row 28 api.example.com 192.88.100.14 81 7 ',"uid":1000,"program":"wget"'
	row 29 api.example.com 192.88.100.15 443 1 ',"uid":1000'
	row 30 '' 192.88.100.99 25 1
	row 31 api.example.com 192.88.100.14 80 1 ',"audit":true'
	printf '{"version":1,"time":"2026-11-21T16:43:33.000Z","reason":"name refused",'
	printf '"names":["new.example.net"],"count":1,"program":"node","uid":1000}\n'
} | sed 's/\[""\]/[]/' >/run/netpale/refused.jsonl
last() { TZ=XXX-1 explain "$1" | sed -n 2p; } # DESTINATION
check 'the last time it was refused is told, in UTC, added up' \
	same 'last refused 2026-11-21 16:43:27, 3 times: curl (uid 1000), wrong port' "$(last api.example.com:80)"
check 'by the address, too' \
	same 'last refused 2026-11-21 16:43:28, 7 times: wget (uid 1000), wrong port' "$(last 192.88.100.14:81)"
check 'where nobody knows by whom' \
	same 'last refused 2026-11-21 16:43:30, 1 time: wrong port' "$(last 192.88.100.99:25)"
check 'of a name that DNS was asked for' \
	same 'last refused 2026-11-21 16:43:33, 1 time: node (uid 1000), name refused' "$(last new.example.net)"
audit() { TZ=XXX-1 explain --policy audit api.example.com:80; }
check 'under audit nothing is refused' says <(audit || :) \
	'^let through by audit: api\.example\.com:80/tcp .*: wrong port; this line in allow would open it: - '
check 'and the last time it was let through is told' says <(audit || :) \
	'^last let through 2026-11-21 16:43:31, 1 time: wrong port$'
check 'not of another port' same '' "$(last api.example.com:82)"
check 'nor of what is allowed' same '' "$(last api.example.com:443)"
json() { # DESTINATION, PYTHON: true of the one line
	explain --json "$1" | python3 -c 'import json, sys
[answer] = [json.loads(line) for line in sys.stdin]
print(answer)
sys.exit(not eval("(" + sys.argv[1] + ")", answer))' "$2"
}
check 'JSON of what is allowed' json api.example.com 'version == 1 and allowed and not deny
	and destination == "api.example.com:443/tcp" and address == "192.88.100.14"
	and entry == "api.example.com:443" and origin.endswith("policy.yml:4")'
check 'JSON of what is denied' json 198.51.100.66 'not allowed and deny and origin.endswith("policy.yml:9")'
check 'JSON of what is refused, with the last time and the line' json api.example.com:80 'not allowed
	and reason == "wrong port" and origin.endswith("policy.yml:4") and not deny
	and allow == "- api.example.com:80/tcp" and last["count"] == 3
	and last["time"] == "2026-11-21T16:43:27.000Z" and last["program"] == "curl"'
objects() {
	for to in api.example.com:443 198.51.100.66 api.example.com:80; do
		explain --json "$to" || :
	done
}
check 'with the keys that the manual tells' fits_manual 'Cm explain' < <(objects)
