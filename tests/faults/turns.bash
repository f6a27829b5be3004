# shellcheck shell=bash
# Something fails at each turn of a process: allocation after allocation, or answer after answer of
# the kernel (faulty.c). Sourced behind lib.sh.
#
# `tests/run faults` takes each way through the program that leads to an allocation, or an answer, once (the
# calls on the stack); a plain run half of those to an allocation, and spoils each answer in a third of the
# ways. With FAULTS=all every single one is taken.

: "${FAULTY_NETPALE:?the binary in which something fails}"

# --- what fails --------------------------------------------------------------------------------

# It is mapped, so it is written in place.
fault() { printf '%-10s%-16s%07d%s\n%07d\n' "$1" "$2" "$3" "$4" 0 1<>/run/fault; } # ROLE KIND NUMBER .|+
no_fault() { fault nobody nothing 0 .; }
blank() { printf '%32768s' ''; }
no_fault
blank >>/run/fault
chmod 666 /run/fault
in_place() { nsenter --net=/run/netns/client -- timeout -k 1 20 "$@"; } # COMMAND...: in the client, bounded
faulty() { in_place "$FAULTY_NETPALE" "$@"; }                            # ARGUMENT...

# What of a role is to fail in COMMAND -> $numbers, of $count.
survey() { # ROLE allocations|answers COMMAND...
	blank 1<>/run/fault
	fault "$1" "$2" 0 .
	"${@:3}" >survey.out 2>survey.said || :
	mapfile -t numbers </run/fault
	no_fault
	count=$((10#${numbers[1]}))
	numbers=("${numbers[@]:2:${#numbers[@]}-3}")
	[ "${FAULTS-}" != all ] || mapfile -t numbers < <(seq "$count")
}

# --- what stands -------------------------------------------------------------------------------

# The fence without what was refused or learned, whatever its generation and whoever holds it
# -> $stands; "" when there is none.
look() {
	stands=$(nsenter --net=/run/netns/client -- nft -n list table inet netpale 2>/dev/null |
		awk -f "${BASH_SOURCE[0]%/*}/used.awk" | sed '/set \(refused\|learned\)/,/^\t}/ { /elements/ { :more; /}$/ ! { N; b more }; d } }
			/^$/d; /^\tflags \(owner,\)\?persist$/d; s/ # progname.*//; s/\([@ ][a-z0-9_]*\)_b\>/\1/g')
}
open_it() { nsenter --net=/run/netns/client -- nft flush ruleset; }

# The fences that may stand: of new.yml (or guarded.yml), of old.yml, and the closed one of each -> $new
# $guarded $old $closed $closed_guarded.
scene() {
	chmod 777 .
	start_dns 198.51.100.53 <<-END
		198.51.100.10 www.example.com
		2001:db8:1::10 www.example.com
	END
	cat >new.yml <<-END
		network:
		  allow:
		    - host: www.example.com
		      ports: [443, 22/tcp]
		      private: true
		    - 203.0.113.0/24
		    - 198.51.100.12:7
		  deny: [203.0.113.7]
	END
	sed 's/allow:/dns: guarded\n  allow:/' new.yml >guarded.yml
	echo 'network: { allow: [198.51.100.11] }' >old.yml
	echo 'network: { allow: [{ host: missing.example.com, required: true }] }' >missing.yml
	chmod 644 ./*.yml
	not faulty apply -q -f missing.yml 2>/dev/null
	look
	closed=$stands
	faulty apply -q -f old.yml
	look
	old=$stands
	sed '/host:/,/private:/d' new.yml >narrow.yml
	chmod 644 narrow.yml
	faulty apply -q -f narrow.yml
	look
	narrow=$stands
	faulty apply -q -f new.yml
	look
	new=$stands
	check 'three fences that differ' test "$closed" != "$old" -a "$old" != "$new" -a -n "$closed"
}

# --- turns -------------------------------------------------------------------------------------

turns=0 wrong=0 total=0 crashes=0 skips=0
first=nothing # what is to stand before a turn: see put
# This turn did not go as it must.
complain() { # REASON...
	wrong=$((wrong + 1))
	[ "$wrong" -le "${COMPLAINTS:-12}" ] || return 0
	echo "      $turn: $*"
	sed 's/^/        /' said
}
all_went_well() { [ "$wrong" = 0 ] && [ "$turns" -gt 0 ]; }
# Nobody complained since the last one.
conclude() { # SENTENCE
	check "$1 ($turns turns)" all_went_well
	[ $crashes = 0 ] || echo "      libseccomp crashed in $crashes of them, before anything was started"
	total=$((total + turns)) turns=0 wrong=0 crashes=0 skips=0
}

# Makes $before stand.
put() { # nothing|old
	case $1 in
	nothing) open_it ;;
	old) faulty apply -q -f old.yml 2>said || { cat said; exit 1; } ;;
	esac
	look
	before=$stands
}
run() { # [POLICY]
	rm -f ran
	faulty run -f "${1:-new.yml}" -- /bin/sh -c ': >ran'
}
apply() { faulty apply -f new.yml; }
# c-ares does not say when fopen() had no memory for resolv.conf: it then asks 127.0.0.1, and the name is
# skipped, which is said, and closed. Once or twice in a start.
skipped() { # STATUS
	[ "$1$stands" = "0${narrow-}" ] && grep -q 'skipped www.example.com: no DNS server' said &&
		skips=$((skips + 1)) && [ "$skips" -le 2 ]
}
# Either the whole fence stands and the agent has run; or it has not, something was said, and what stood
# before stands, the closed fence, or the whole one, of which something could not be proven.
judge() { # STATUS
	look
	if skipped "$1"; then
		put "$first"
		return
	fi
	case $stands in
	"$new" | "$closed" | "$before") ;;
	*) complain "status $1, another fence:" "$(diff <(echo "$new") <(echo "$stands"))" ;;
	esac
	[ ! -e ran ] || [ "$1$stands" = "0$new" ] || complain "status $1, and the agent has run"
	case $1 in
	0) [ "$stands" = "$new" ] || complain 'success without the fence' ;;
	71 | 77 | 78 | 125) [ -s said ] || complain "status $1 without a message" ;;
	134 | 139)
		crashes=$((crashes + 1))
		[ "$within" = libseccomp ] || complain "status $1"
		;;
	*) complain "status $1" ;;
	esac
	[ "$stands" = "$before" ] || put "$first"
}
take_turn() { # ROLE KIND NUMBER .|+ COMMAND...
	local status=0
	turn="${*:5}, $1 $2 $3$4"
	turns=$((turns + 1))
	rm -f ran
	fault "$1" "$2" $((10#$3)) "$4"
	"${@:5}" >out 2>said || status=$?
	within=
	{ read -r && read -r; } </run/fault
	[ "${REPLY:7}" = '' ] || within=libseccomp
	no_fault
	judge $status
}
# Each allocation alone; at every fourth all behind it, too.
fail_allocations() { # ROLE COMMAND...
	local number role=$1 way=0
	shift
	survey "$role" allocations "$@"
	put "$first"
	for number in "${numbers[@]}"; do
		[ $((way++ % 2)) = 0 ] || [ "${WHOLE:-0}" != 0 ] || [ "${FAULTS-}" = all ] || continue
		take_turn "$role" memory "$number" . "$@"
		[ $((turns % 4)) != 0 ] || take_turn "$role" memory "$number" + "$@"
	done
	echo "      $*: of $count allocations by ${role/main/itself} the ${#numbers[@]} that differ"
}
change_answers() { # ROLE COMMAND...
	local number kind kinds role=$1 pair=0
	shift
	kinds=${KINDS:-$(sed -n 's/^\t*{ "\([A-Za-z0-9-]*\)", .*/\1/p' "$SOURCES/faulty.c")}
	survey "$role" answers "$@"
	put "$first"
	for number in "${numbers[@]}"; do
		[ "${COMPLAINTS-}" = "" ] || echo "      $number"
		for kind in $kinds; do
			[ $((pair++ % 3)) = 0 ] || [ "${WHOLE:-0}" != 0 ] || [ "${FAULTS-}" = all ] || continue
			take_turn "$role" "$kind" "$number" . "$@"
		done
	done
	echo "      $*: of $count answers to ${role/main/itself} the ${#numbers[@]} that differ"
}
