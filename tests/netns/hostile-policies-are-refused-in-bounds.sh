#!/bin/bash
# A project file comes from a stranger. Whatever it holds and whatever it is, netpale neither
# crashes nor hangs nor takes more than 64 MiB: it reads a policy or says what is wrong (65).
root=$(cd "${0%/*}/../.." && pwd)
. "${0%/*}/lib.sh"

seconds=10 # the static binary; what carries the sanitizers is slow, and has neighbours
mebibytes=64
export ASAN_OPTIONS=quarantine_size_mb=1 UBSAN_OPTIONS=print_stacktrace=1
# Sanitizers take memory of their own: there it is the static binary that must keep in bounds.
small=$NETPALE
! grep __asan_init "$NETPALE" >/dev/null || small=${BUILD-$root/build/static/netpale}
[ -x "$small" ] || skip "no build/static/netpale to measure the memory of: docker/build makes it"

printf 'network: { policy: restricted }\n' >profile.yml
repeat() { head -c "$1" /dev/zero | tr '\0' "$2"; } # COUNT CHARACTER
measured() { # STATUSES MEBIBYTES COMMAND...
	local statuses=$1 limit=$2 status ms kib _
	shift 2
	as_agent timeout -s KILL "$seconds" "$PEERS/measure" 1 "$@" 2>errors >measured || {
		echo "no end within $seconds s"
		return 1
	}
	read -r status ms _ kib <measured
	echo "status $status, $ms ms, $kib KiB"
	head -c 2000 errors
	[[ " $statuses " == *" $status "* ]] && not says errors 'Sanitizer|runtime error' &&
		[ "$kib" -le $((limit * 1024)) ] && [ "$(wc -c <errors)" -le 65536 ]
}
bounded() { # STATUSES ARG...: netpale, watched and small
	seconds=120 measured "$1" 1000 "$NETPALE" "${@:2}" && measured "$1" $mebibytes "$small" "${@:2}"
}
refused() { # WORDS [FILE]: as project file, as profile, and compiled
	local file=${2-hostile.yml}
	check "$1, as project: refused" bounded 65 \
		check -f profile.yml --project "$file"
	check "$1, as profile: refused" bounded 65 plan --answers answers -f "$file"
}
read_in_bounds() { # WORDS: may be a policy or not
	check "$1: in bounds" bounded '0 1 65' check -f profile.yml --project hostile.yml
	check "$1, compiled: in bounds" bounded '0 65' \
		plan --answers answers -f hostile.yml
}
: >answers

check 'the limits can be seen: a policy is read' bounded '0 1' check -f profile.yml
refute 'the limits can be seen: another status' bounded 65 check -f profile.yml
refute 'the limits can be seen: memory' measured 0 $mebibytes python3 -c 'b"x" * (80 << 20)'
(seconds=0.2 && measured 0 $mebibytes sleep 5 >hung) && exit 1
check 'the limits can be seen: time' says hung 'no end'

{
	echo 'a0: &a0 [198.51.100.1, 198.51.100.2]'
	for i in {1..30}; do
		echo "a$i: &a$i [*a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1))]"
	done
	echo 'network: { allow: *a30 }'
} >hostile.yml
refused 'a billion laughs'
sed 's/\*a30/[198.51.100.1]/' hostile.yml | sed '/^network/d' >laughs
{ sed 's/^/  /; 1i rest:' laughs; echo 'network: { allow: [198.51.100.1] }'; } >hostile.yml
read_in_bounds 'a billion laughs outside the network block'
{ echo 'network: { allow: &a ['; for i in {1..2000}; do echo '*a,'; done; echo ']}'; } >hostile.yml
refused 'a list that contains itself'
for bracket in '[' '{' '&' '*' '!' '|' '"' '?' '-' '#' ':' ','; do
	{ printf 'network: '; repeat 1048576 "$bracket"; } >hostile.yml
	read_in_bounds "1 MiB of $bracket"
done
{ printf 'network: '; repeat 1048576 '['; } >hostile.yml
refused '1 MiB of brackets'
yes -- '- ' | head -n 524288 | tr -d '\n' >hostile.yml
refused 'a list in a list, half a million deep' hostile.yml
{ printf 'network: { allow: [198.51.100.1'; repeat 100 '\0'; printf ']}\n'; } >hostile.yml
refused 'NUL bytes'
{ printf 'network: { allow: ["a\\0b.example.com"] }\n'; } >hostile.yml
refused 'an escaped NUL'
{ printf 'network: { allow: ["\xff\xfe\xc3\x28"] }\n'; } >hostile.yml
refused 'invalid UTF-8'
{ printf 'network: { allow: ["\xed\xa0\x80.example.com"] }\n'; } >hostile.yml
refused 'a surrogate'
printf 'network: { allow: [198.51.100.1/24] }\n' | iconv -t UTF-16 >hostile.yml
refused 'UTF-16'
printf 'network:\n  allow:\n    - \x1b]0;title\x07\x1b[31m.example.com\n' >hostile.yml
refused 'terminal escapes'
check 'and none of them comes back' not grep "$(printf "\033")" errors
{ printf 'network: { allow: ["'; repeat 7000000 a; printf '"]}\n'; } >hostile.yml
refused 'a name of 7 MB'
{ echo 'network: { allow: [198.51.100.1] }'; repeat $((9 << 20)) '#'; } >hostile.yml
refused 'a file of 9 MiB'
{ echo 'network: { allow: ['; for i in {1..200001}; do echo "198.51.100.1:$((i % 65535 + 1)),"; done
	echo ']}'; } >hostile.yml
refused '200,001 entries'
{ echo 'network: { allow: ['; for i in {1..1001}; do echo "n$i.example.com,"; done; echo ']}'; } \
	>hostile.yml
check '1,001 names of a project: refused' bounded 65 \
	check -f profile.yml --project hostile.yml
{ echo 'network: { allow: ['; for i in {1..100000}; do echo "10.0.0.1/8,"; done; echo ']}'; } >hostile.yml
refused '100,000 errors'
{ echo 'network:'; for i in {1..100000}; do echo "  k$i: 1"; done; } >hostile.yml
refused '100,000 unknown keys'
{ echo 'network:'; for i in {1..100000}; do echo "  policy: full"; done; } >hostile.yml
refused 'a key 100,000 times'

# What is costly to compile: every prefix inside another with its own ports, both verdicts.
for ((i = 0; i < 60000; i++)); do
	echo "- 10.$((i >> 8 & 255)).$((i & 255)).0/$((24 + i % 9)):$((i + 1))"
done >list
{ echo 'network:'; echo '  allow:'; sed 's/^/    /' list; echo '  deny:'; tac list |
	sed 's/^/    /; s/:.*//'; } >hostile.yml
read_in_bounds '120,000 nested entries, all with different ports'
for ((i = 0; i < 30000; i++)); do
	echo "- 0.0.0.0/0:$((i * 2 + 1))"
	echo "- 10.$((i >> 8 & 255)).$((i & 255)).0/24"
done >list
{ echo 'network:'; echo '  allow:'; sed 's/^/    /' list; } >hostile.yml
read_in_bounds '30,000 ports of everything across 30,000 networks'
{
	echo 'network:'
	echo '  allow:'
	for i in {0..999}; do
		echo "    - host: n$i.example.com"
		echo "      ports: [$(seq -s, $((i + 1)) 256 65535)]"
	done
} >hostile.yml
for i in {0..999}; do
	echo "$((11 + i % 90)).$((i / 4)).$((i % 200)).1 n$i.example.com"
done >answers
read_in_bounds '1,000 names with 256 ports each'

mkfifo fifo
refused 'a FIFO' fifo
refused 'a directory' /run
refused 'a device that never ends' /dev/zero
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
refused 'a socket' socket
chmod 644 profile.yml
ln -s profile.yml link.yml
check 'a symbolic link as project: refused' bounded 65 \
	check -f profile.yml --project link.yml
ln -s loop loop
refused 'a symbolic link to itself' loop

# While it is read, it grows, shrinks and is replaced.
{ echo 'network:'; echo '  allow:'; for i in {0..50000}; do
	echo "    - 10.$((i >> 8)).$((i & 255)).0/24"; done; } >whole.yml
cp whole.yml hostile.yml
changing() {
	while :; do
		head -c $((RANDOM * 20)) whole.yml >hostile.yml
		cat whole.yml >>hostile.yml
		cp whole.yml fresh.yml && mv fresh.yml hostile.yml
	done
}
changing &
changer=$!
for i in {1..10}; do
	check "a file that changes while it is read, $i: in bounds" \
		bounded '0 1 65' check -f profile.yml --project hostile.yml
done
kill $changer

with() { NETPALE_ALLOW=$1 "${@:2}"; }
long=$(repeat 100000 a)
many=$(printf '198.51.100.%d,' {1..255} | head -c 3000)
check 'a long word in a variable: refused' with "$long" bounded 65 check
check 'many words in a variable: read' with "${many%,*}" bounded '0 1' check
check 'a control character in a flag: refused' bounded 65 \
	check --allow "$(printf 'a\033[31m')"
check 'and it does not come back' not grep "$(printf "\033")" errors
