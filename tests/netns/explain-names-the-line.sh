#!/bin/bash
# `explain` tells in one line whether a destination is allowed and which line of which file says
# so, or the line that would allow it. It asks no DNS where addresses are given.
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
refused api.example.com:80 'no entry'
allowed 203.0.113.7:8080 'policy\.yml:5'
refused 203.0.113.7:8080/udp 'no entry'
refused 203.0.113.7:8100 'no entry'
allowed '[2001:db8:1::7]:443' 'policy\.yml:6'
refused '[2001:db8:2::7]:443' 'no entry'
allowed 203.0.113.77:9 '\.ccpod\.yml:3'
allowed 203.0.113.88:22 '--allow'
refused 192.88.100.99:25 'no entry.*192\.88\.100\.99:25'
refused unknown.example.net 'no address.*this line in allow'
refused gone.example.com "allow 'gone\.example\.com' \(.*policy\.yml:7\): the name has no address[^;]*$"

# The line it proposes does what it says.
proposed=$(explain 192.88.100.99:25 | sed -n 's/.*- "\(.*\)"$/\1/p')
check 'the line it proposes allows it' explain --allow "$proposed" 192.88.100.99:25

check 'it needs no privilege' as_agent "$NETPALE" explain -f policy.yml --answers answers 198.51.100.10
for bad in '' 198.51.100.0/24 'http://api.example.com' 'api.example.com:80-90'; do
	check "'$bad' is no destination" same 64 \
		"$(explain "$bad" >/dev/null 2>&1 || echo $?)"
done
explain 198.51.100.10 >/dev/full 2>said && status=0 || status=$?
check 'a line that could not be written is no answer' same 71 "$status"
