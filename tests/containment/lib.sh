# shellcheck shell=bash
# What every way out shares. A script begins with its rows of the table in SECURITY.md, of which
# tests/golden/containment.sh keeps a copy there:
#
#	#!/bin/bash
#	# | way out | unfenced | fenced | closed by |
#	. "${0%/*}/lib.sh"
#
# and then has the place that tests/netns/lib.sh makes, somebody who listens on its wire, and an agent
# of uid 1000. Each way is tried first without a fence, where it must get through or the test is void,
# and then behind each stance's fence, where nothing may. For what goes over the wire `way` does all
# of that; for any other path `unfenced` and `fenced` run the attempt, and the script checks.
#
# The policy of the agent, where a script writes no other before its first way: one host, one port, and
# the mark.

# shellcheck source-path=SCRIPTDIR source=../netns/lib.sh
. "${BASH_SOURCE%/*}/../netns/lib.sh"

ALLOWED=198.51.100.10 # on port 443; and on port 9, UDP, for the mark
MARK=9
STANCES=(resolvers pinned guarded none)
mkdir /run/etc # which the agent cannot write
policy() { # of stdin, without its stance
	cat >/run/etc/policy
}
policy <<-END
	allow:
	  - $ALLOWED:443
	  - $ALLOWED:$MARK/udp
END
stance() { # resolvers|pinned|guarded|none: that policy in that stance
	{
		echo 'network:'
		sed 's/^/  /' /run/etc/policy
		[ "$1" = none ] && echo '  policy: none' || echo "  dns: $1"
	} >/run/etc/policy.yml
}

# Each as uid 1000. Unfenced with what a container's agent has without netpale: no capability, nothing
# else taken. The agent of a fence has netpale as PID 1.
unfenced() { # COMMAND...
	in_client setpriv --reuid=1000 --regid=1000 --clear-groups --bounding-set=-all --inh-caps=-all -- "$@"
}
# As root with what Docker leaves it: the control of what no agent can by itself.
DOCKERS=,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service
DOCKERS+=,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap
unfenced_root() { # COMMAND...
	in_client setpriv --bounding-set="-all$DOCKERS" --inh-caps=-all -- "$@"
}
fenced() { # COMMAND...
	in_client unshare --pid --fork --kill-child --mount-proc -- \
		"$NETPALE" run -q -f /run/etc/policy.yml -- "$@"
}
# What is shipped, into which no sanitizer is built: for who plays with limits, signals, environments.
use_static() {
	NETPALE=${BUILD-$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd -P)/build/static/netpale}
	[ -x "$NETPALE" ] || skip 'no build/static/netpale: docker/build makes it'
}
no_fence() {
	in_client nft flush ruleset
	rm -rf /run/netpale
}

# What comes over the wire from the client, one line per packet; without ARP and neighbour discovery
# (types 133 to 137), which carry nothing that the agent chose but for whom it asks: a router that is
# allowed anyway. Whole packets would leave room for 20 of them in a burst.
tcpdump -i wire -Q in -nn -q -l -s 256 --immediate-mode \
	"not (arp and dst host 192.0.2.1) and not (icmp6 and ip6[40] >= 133 and ip6[40] <= 137)" \
	>wire.log 2>tcpdump.log &
busywait 5000 says tcpdump.log 'listening on' || { echo 'FAIL: no tcpdump'; exit 1; }

# Everything up to here was seen once another datagram of that length has come, which every fence but
# `none` allows; behind that one root's own packets would be refused too, so it waits a moment instead.
MARKED=" > $ALLOWED\\.$MARK: UDP, length 1001\$"
marks() { grep -cE "$MARKED" wire.log || :; }
more_marks() { [ "$(marks)" -gt "$1" ]; } # BEFORE
mark() {
	local before
	before=$(marks)
	in_client "$BASH" -c "printf %01001d 0 >/dev/udp/$ALLOWED/$MARK" 2>/dev/null ||
		{ read -rt 0.3 -u "$quiet" || :; return 0; }
	busywait 5000 more_marks "$before"
}
# What has gone over the wire since the last mark, but what the script says is rightly so.
RIGHTLY='^$'
seen() {
	local from
	from=$(($(wc -l <wire.log) + 1))
	"$@" >attempt.log 2>&1 || :
	mark || return 1
	tail -n +$from wire.log | grep -Ev "$MARKED" | grep -Ev -e "$RIGHTLY" || :
}
gets_out() { # COMMAND...
	local packets
	packets=$(seen "$@") || { echo 'the mark did not come'; return 1; }
	[ -n "$packets" ] || { echo 'nothing came over the wire'; cat attempt.log; return 1; }
}
stays_in() { # COMMAND...
	local packets
	packets=$(seen "$@") || { echo 'the mark did not come'; return 1; }
	[ -z "$packets" ] || { echo "$packets"; cat attempt.log; return 1; }
}
stands_as() { same "$1" "$(ruleset)"; } # RULESET

# One way: without a fence a packet must come out, behind each of STANCES none may, and the fence is
# then what it was after a start that did nothing.
declare -A untouched=()
CONTROL=unfenced # or unfenced_root
ready() { # STANCE
	stance "$1"
	[ -n "${untouched[$1]-}" ] || {
		fenced true
		untouched[$1]=$(ruleset)
	}
}
way() { # WORDS COMMAND...
	local words=$1 stance
	shift
	no_fence
	check "unfenced: $words" gets_out "$CONTROL" "$@"
	for stance in "${STANCES[@]}"; do
		ready "$stance"
		check "$stance: nothing leaves by $words" stays_in fenced "$@"
		check "$stance: nor is the fence changed by $words" stands_as "${untouched[$stance]}"
	done
	no_fence
}

# Doors: the lines of a file, each a command that succeeds where the door is open. Who tries them is a
# command too; one start tries all.
opens() { # FILE COMMAND...: the lines that it opens
	# shellcheck disable=SC2016 # the other shell's
	"${@:2}" "$BASH" -c 'while IFS= read -r door; do
		"$BASH" -c "$door" >/dev/null 2>&1 </dev/null && echo "$door"
	done <"$0"; :' "$1"
}
open_to() { same "$(cat "$1")" "$(opens "$@")"; } # FILE COMMAND...: is each?
shut() { # FILE
	stays_in opens "$1" fenced && same '' "$(cat attempt.log)"
}
shut_in_each_stance() { # WORDS FILE
	local stance
	for stance in "${STANCES[@]}"; do
		ready "$stance"
		check "$stance: shut: $1" shut "$2"
		check "$stance: nor is the fence changed: $1" stands_as "${untouched[$stance]}"
	done
	no_fence
}
