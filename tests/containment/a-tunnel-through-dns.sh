#!/bin/bash
# | text of the agent in the names of questions (a DNS tunnel, 145 bytes a question; measured on two busy cores) | about 2 MB/s out, 15 MB/s back | `resolvers`: as much. `guarded`: none but below a wildcard, there 5 kB at once, then 43 bytes a second. `pinned`, `none`: none | chain dns; the forwarder asks for allowed names only; the limit of each wildcard |
# | the order in which allowed names are asked for, again and again (measured on two busy cores) | about 2 MB/s | `guarded`: to who serves the names and has nothing kept (a TTL of 0) about 3 kB/s with 8 names, 5 kB/s with 128 below a wildcard; to others each name once in its TTL, but as often where it has no address of a family. `pinned`, `none`: none | the forwarder tells answers again while their TTL lasts |
# What arrives is counted by who serves the zone. The bounds are those of the documentation, not of the code.
. "${0%/*}/lib.sh"
kill $! # what watches the wire would be most of the work

MS=700
start udp 198.51.100.53 53 "$PEERS/tunnel" serve 198.51.100.53 53 far.example.com
far=udp.198.51.100.53.53.log

# What came of it: questions and bytes of their payload that arrived, bytes that came back in answers.
tunnel() { # unfenced|fenced TYPE [LETTER COUNT]
	: >$far
	"$1" "$PEERS/tunnel" ask 198.51.100.53 53 $MS "$2" far.example.com "${@:3}" >near ||
		{ echo "FAIL: no tunnel"; exit 1; }
	busywait 1000 test -s $far || :
	read -r questions bytes <<<"$(awk '{ q += $1; b += $2 } END { print q + 0, b + 0 }' $far)"
	read -r _ _ came <near
}
rates() { # WORDS [NAMES]: with what the order of that many names says
	local bits=0 names=${2:-1}
	while ((names > 1)); do ((names /= 2, bits += 1)); done
	order=$((questions * bits / 8))
	printf '      %s: a second %d questions, %d bytes in names, %d in their order; %d back\n' "$1" \
		$((questions * 1000 / MS)) $((bytes * 1000 / MS)) $((order * 1000 / MS)) $((came * 1000 / MS))
}

tunnel unfenced TXT
rates 'no fence'
open=$bytes
check 'without a fence text of the agent arrives' test "$bytes" -gt 20000
check 'and other text comes back' test "$came" -gt 100000

policy <<-END
	allow:
	  - $ALLOWED:443
END
stance resolvers
tunnel fenced TXT
rates resolvers
check 'resolvers: as much arrives, within the measure' test "$bytes" -gt $((open / 10))
for stance in pinned guarded none; do
	stance $stance
	tunnel fenced TXT
	check "$stance: nothing arrives" same 0 "$questions"
	check "$stance: nor does anything come back" same 0 "$came"
done

# Names that are allowed have no text of the agent; that they come, and in which order, is its own.
{
	echo 'allow:'
	for n in {n,k}{0..7}; do echo "  - {host: $n.far.example.com, ports: [7]}"; done
} | policy
stance guarded
fenced true
before=$(ruleset)
tunnel fenced A
check 'guarded: below the names that are allowed nothing arrives' same 0 "$questions"
check 'guarded: nor has so much of it changed the fence' stands_as "$before"
tunnel fenced A n 8
rates 'guarded, the order of 8 names' 8
check 'guarded: the names arrive, without text' same 0 "$bytes"
check 'and what their order could say is less by far' test "$order" -gt 0 -a "$order" -lt $((open / 10))

# Who sees the questions, but cannot have answers kept for no time at all: each name once, and again by who
# asks for it before the first answer.
tunnel fenced A k 8
rates 'guarded, the order of 8 names that may be kept' 8
check "guarded: names that may be kept arrive once: $questions questions" \
	test "$questions" -gt 0 -a "$questions" -le 136
check 'while all of it is answered' test "$came" -gt $((questions * 4))
tunnel fenced AAAA k 8
rates 'guarded, the order of 8 names, of the type that they do not have' 8
check 'guarded: what is not there is asked for each time, without text' same 0 "$bytes"
check 'and is less by far, too' test "$order" -gt 0 -a "$order" -lt $((open / 10))

# Below a wildcard: 8192 bytes at once, 4096 a minute, five bits in each; netpale's start counts, too.
policy <<-'END'
	allow:
	  - {host: .far.example.com, ports: [7]}
END
stance guarded
began=$(now_ms)
tunnel fenced A
seconds=$((($(now_ms) - began) / 1000 + 1))
rates 'guarded, below a wildcard'
check 'guarded: below a wildcard text arrives' test "$bytes" -gt 1000
check "and no more than the limit lets out in $seconds s" \
	test "$bytes" -le $(((8192 + 4096 * seconds / 60) * 5 / 8))
tunnel fenced A n 128
rates 'guarded, the order of 128 names below a wildcard' 128
check 'guarded: the order of known names below it is less by far, too' \
	test "$order" -gt 0 -a "$order" -lt $((open / 10))
