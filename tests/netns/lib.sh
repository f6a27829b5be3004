# shellcheck shell=bash
# What every netns promise shares. A script begins with
#
#	#!/bin/bash
#	. "${0%/*}/lib.sh"
#
# and from there on is root in network, mount and process namespaces of its own, which end
# with it, and has this before it, without any way out:
#
#	client (in_client)                 world (the script itself)
#	eth0  192.0.2.2/24  ----------- wire  192.0.2.1/24     the client's router, on-link
#	      2001:db8::2/64                  2001:db8::1/64
#	                                lo    198.51.100.10-19, .53   203.0.113.10-19
#	                                      2001:db8:1::10-19, ::53  2001:db8:2::10-19
#
# /run is an empty tmpfs, /etc/hosts and /etc/resolv.conf are files of the script ($WORK/hosts,
# $WORK/resolv.conf, naming 198.51.100.53). NETPALE is the binary under test, PEERS the
# directory of the programs built from tests/peers. It ends with 0 when every check held, 1
# when one did not, 77 for a skip (with NO_SKIP=1: 1).
#
# The shell ignores `set -e` inside a checked function: join its commands with `&&`.

set -eu

skip() { # REASON
	echo "SKIP: $1"
	[ "${NO_SKIP:-0}" = 0 ] || exit 1
	exit 77
}

if [ -z "${NETNS_INSIDE-}" ]; then
	[ "$(id -u)" = 0 ] || skip 'only root can be an agent of another uid and start dnsmasq'
	flags=(--net --mount --pid --fork --kill-child --mount-proc)
	unshare "${flags[@]}" true || skip "no namespaces here (unshare ${flags[*]})"
	NETNS_INSIDE=1 exec unshare "${flags[@]}" "$BASH" "$0" "$@"
fi
unset NETNS_INSIDE

: "${NETPALE:?the binary under test}" "${PEERS:?the directory of the test programs}"
export PATH="$PATH:/usr/sbin:/sbin"
checks=0 failures=0

finish() {
	local status=$?
	local pids

	pids=$(jobs -p)
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill -KILL $pids 2>/dev/null || :
	[ "$status" = 0 ] || exit "$status"
	[ "$checks" -gt 0 ] || { echo "FAIL: nothing was checked"; exit 1; }
	no_sanitizer_spoke || failures=$((failures + 1))
	echo "$((checks - failures)) of $checks checks held"
	[ "$failures" = 0 ] || exit 1
}
trap finish EXIT

# Whichever process of netpale it was, and wherever its standard error went (tests/sanitizer.c).
no_sanitizer_spoke() {
	local report
	report=$(tr -d '\0' <"$WORK/sanitizer")
	[ -z "$report" ] || { echo 'FAIL: a sanitizer has found a fault'; echo "$report"; return 1; }
}

# A sentence that a command makes true; or, with refute, false.
check() { # SENTENCE COMMAND...
	local sentence=$1
	shift
	checks=$((checks + 1))
	if "$@" >"$WORK/checked" 2>&1; then
		echo "ok    $sentence"
	else
		failures=$((failures + 1))
		echo "FAIL  $sentence"
		printf '      $ %s\n' "$*"
		sed 's/^/      /' "$WORK/checked"
	fi
}
not() { ! "$@"; }
refute() { check "$1" not "${@:2}"; }
same() { # TEXT TEXT
	[ "$1" = "$2" ] || { diff <(echo "$1") <(echo "$2"); return 1; }
}
says() { # FILE PATTERN (extended)
	grep -E -e "$2" "$1" >/dev/null || { echo "no line matches '$2':"; cat "$1"; return 1; }
}

# Time that only goes forward, and waiting for an event instead of for time.
exec {quiet}<> <(:)
nap() { read -rt 0.01 -u "$quiet" || :; }
now_ms() {
	local up
	read -r up _ </proc/uptime
	echo "$((10#${up/./} * 10))"
}
busywait() { # MS COMMAND...
	local end=$(($(now_ms) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(now_ms)" -lt "$end" ] || return 1
		nap
	done
}
within() { # MS COMMAND...: the command's own verdict, and not later than that
	local start status=0 took
	start=$(now_ms)
	"${@:2}" || status=$?
	took=$(($(now_ms) - start))
	[ "$took" -le "$1" ] || { echo "took $took ms, more than $1"; return 1; }
	return "$status"
}

# Namespaces.
in_ns() { # NAME COMMAND...
	local name=$1
	shift
	nsenter --net="/run/netns/$name" -- "$@"
}
in_client() { in_ns client "$@"; }
as_agent() { # COMMAND...: in the client's network, uid 1000 without any capability
	in_client setpriv --reuid=1000 --regid=1000 --clear-groups --bounding-set=-all \
		--inh-caps=-all -- "$@"
}
netpale() { # ARGUMENT...: in the client; what it says is kept in $WORK/said
	local status=0
	in_client "$NETPALE" "$@" 2>"$WORK/said" || status=$?
	cat "$WORK/said" >&2
	return "$status"
}
# A guard alone, as in a sidecar, in the client; what it says is in $WORK/guard.said. It ends with the
# script, or by stop_guard.
start_guard() { # [OPTION...]
	: >guard.said
	(exec nsenter --net=/run/netns/client -- "$NETPALE" guard "$@" 2>>guard.said) &
	guard=$!
	busywait 10000 says guard.said ', dns ' || { echo 'FAIL: no guard'; cat guard.said; exit 1; }
}
stop_guard() { # SIGNAL
	kill "-$1" "$guard"
	wait "$guard" 2>/dev/null || :
}
settle() { # no duplicate address detection: addresses serve at once. The kernel's groups are told at once, too
	echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad
	echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
	echo 1 >/proc/sys/net/ipv6/conf/all/mldv2_unsolicited_report_interval
	echo 1 >/proc/sys/net/ipv6/conf/default/mldv2_unsolicited_report_interval
	ip link set lo up
}
setup_ns() { # NAME: a namespace with nothing but lo
	ip netns add "$1"
	in_ns "$1" "$BASH" -c "$(declare -f settle); settle"
}
host_port() { # ADDR PORT, as URLs and configurations write it
	case $1 in *:*) echo "[$1]:$2" ;; *) echo "$1:$2" ;; esac
}

# The fence as nft lists it, without the mark, new at every apply, and without what was refused.
ruleset() {
	in_client nft -n list table inet netpale >ruleset || return 1
	sed -E '/set refused/,/^\t}/ { /elements/ { :more; /}$/ ! { N; b more }; d } }
		s/(ct mark (set )?)0x[0-9a-f]+/\1MARK/' ruleset
}

# Servers: each is up when its function returns and ends with the script.
listens() { # tcp|udp ADDR PORT
	[ -n "$(ss -Hln "--$1" src "$(host_port "$2" "$3")")" ]
}
start() { # tcp|udp ADDR PORT COMMAND...
	local protocol=$1 addr=$2 port=$3 log="$WORK/$1.$2.$3.log"
	shift 3
	"$@" >>"$log" 2>&1 &
	busywait 5000 listens "$protocol" "$addr" "$port" || {
		echo "FAIL: $1 does not listen on $addr port $port"
		cat "$log"
		exit 1
	}
}
start_echo() { start udp "$1" "$2" "$PEERS/echo" "$1" "$2"; } # ADDR PORT, both protocols
start_http() { # ADDR PORT [TEXT]
	local conf="$WORK/http.$1.$2.conf" directory
	{
		echo "daemon off; master_process off; pid $WORK/http.$1.$2.pid; error_log stderr;"
		echo "events {} http { access_log off;"
		for directory in client_body proxy fastcgi uwsgi scgi; do
			echo "${directory}_temp_path $WORK/http.$1.$2.$directory;"
		done
		printf "server { listen %s; return 200 '%s\\\\n'; } }" "$(host_port "$1" "$2")" \
			"${3-hello from $1}"
	} >"$conf"
	start tcp "$1" "$2" nginx -e stderr -p "$WORK" -c "$conf"
}
# dnsmasq that knows the hosts(5) lines on stdin and nothing else (NXDOMAIN, or NODATA for the
# other family); what it was asked stands in $WORK/dns.ADDR.log.
start_dns() { # ADDR [DNSMASQ OPTION...]
	local addr=$1
	shift
	cat >"$WORK/dns.$addr.hosts"
	: >"$WORK/dns.$addr.log"
	start udp "$addr" 53 dnsmasq --conf-file=/dev/null --keep-in-foreground --pid-file \
		--user=root --no-resolv --no-hosts --local=/#/ --bind-interfaces \
		--listen-address="$addr" --addn-hosts="$WORK/dns.$addr.hosts" \
		--log-queries --log-facility="$WORK/dns.$addr.log" "$@"
}
was_asked() { says "$WORK/dns.$1.log" "query\\[[A]+\\] ${2//./\\.} from"; } # ADDR NAME

# What a client sees; see tests/peers/probe.c. A port where nobody listens refuses TCP too, so
# test a refusal only where a server listens.
probe() { in_client "$PEERS/probe" "$@"; }
reaches() { probe open "$1" "$2" "$3" 5000; }           # tcp|udp ADDR PORT
# TCP reset, UDP EPERM, within 50 ms. A busy machine can be late by itself, so only a third
# late refusal counts; anything else than a refusal does at once.
refused_fast() { # tcp|udp ADDR PORT
	local try status
	for try in 1 2 3; do
		status=0
		probe refused "$1" "$2" "$3" 50 || status=$?
		[ "$status" = 3 ] || return "$status"
		echo "try $try was late"
	done
	return 1
}

# Flows that stay open while the fence changes; see tests/peers/flow.c.
flow() { # NAME connect|listen tcp|udp ADDR PORT: begins; in the client unless it listens
	local name=$1 where='in_client'
	shift
	[ "$1" = connect ] || where='command'
	mkfifo "$name.ask"
	: >"$name.log"
	# Open for both directions, so that neither end waits for the other here.
	exec {asking}<>"$name.ask"
	$where "$PEERS/flow" "$@" <"$name.ask" >>"$name.log" 2>&1 {asking}>&- &
}
has_said() { [ "$(wc -l <"$1.log")" -ge "$2" ]; } # NAME LINES
is_open() { busywait 5000 says "$1.log" '^open$' || { cat "$1.log"; return 1; }; } # NAME
open_flow() { # NAME tcp|udp ADDR PORT
	flow "$1" connect "$2" "$3" "$4"
	is_open "$1" || exit 1
}
ask() { # NAME
	local said
	said=$(wc -l <"$1.log")
	echo >"$1.ask"
	busywait 5000 has_said "$1" $((said + 1)) && tail -n 1 "$1.log"
}
lives() { same lives "$(ask "$1")"; }
ended() { says <(ask "$1") '^ended'; }

has_carrier() { says <("$@" ip -oneline link) ' (wire|eth0)@.* state UP '; } # command|in_client

# The place.
mount -t tmpfs -o mode=755 tmpfs /run
WORK=/run/test
mkdir -m 777 "$WORK" # the agent may write there
cd "$WORK"
truncate -s 4096 sanitizer
chmod 666 sanitizer
settle
setup_ns client
ip link add wire type veth peer name eth0 netns client
ip addr add 192.0.2.1/24 dev wire
ip addr add 2001:db8::1/64 dev wire nodad
ip link set wire up
in_client ip addr add 192.0.2.2/24 dev eth0
in_client ip addr add 2001:db8::2/64 dev eth0 nodad
in_client ip link set eth0 up
in_client ip route add default via 192.0.2.1
in_client ip -6 route add default via 2001:db8::1
for host in 10 11 12 13 14 15 16 17 18 19 53; do
	echo "addr add 198.51.100.$host/32 dev lo"
	echo "addr add 203.0.113.$host/32 dev lo"
	echo "addr add 2001:db8:1::$host/128 dev lo nodad"
	echo "addr add 2001:db8:2::$host/128 dev lo nodad"
done | ip -batch -
echo 'nameserver 198.51.100.53' >resolv.conf
printf '127.0.0.1\tlocalhost\n::1\tlocalhost\n192.0.2.2\tclient\n' >hosts
mount --bind resolv.conf /etc/resolv.conf
mount --bind hosts /etc/hosts
busywait 5000 has_carrier command && busywait 5000 has_carrier in_client || {
	echo 'FAIL: the wire has no carrier'
	exit 1
}
