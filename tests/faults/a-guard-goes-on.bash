# shellcheck shell=bash
# A guard that serves while something fails in it or its forwarder. Sourced behind lib.sh.

# shellcheck source-path=SCRIPTDIR
. "${BASH_SOURCE%/*}/turns.bash"

NAMES=120
# Each name is asked for once, so that each turn learns.
serve() {
	local i
	mkdir /run/etc
	for ((i = 0; i < NAMES; i++)); do echo "198.51.100.$((10 + i % 10)) n$i.example.com"; done |
		start_dns 198.51.100.53
	echo 'options timeout:1 attempts:1' >>resolv.conf
	{
		printf 'network:\n  dns: guarded\n  allow:\n'
		for ((i = 0; i < NAMES; i++)); do
			echo "    - {host: n$i.example.com, ports: [7], private: true}"
		done
	} >/run/etc/policy.yml
	sed 's/ports: \[7\]/ports: [8]/; s/^  dns:/  deny: [203.0.113.0\/24]\n  dns:/' /run/etc/policy.yml >/run/etc/other.yml
	cp /run/etc/policy.yml /run/etc/first.yml
	serving
	use other
	look
	other=$stands
	use first
	look
	new=$stands
}
use() { # first|other: that policy, without a fault
	cp "/run/etc/$1.yml" /run/etc/next.yml
	mv /run/etc/next.yml /run/etc/policy.yml
	busywait 10000 reload
}
# A new one, where the last one has ended.
serving() {
	: >guard.said
	(exec nsenter --net=/run/netns/client -- "$FAULTY_NETPALE" guard -f /run/etc/policy.yml 2>>guard.said) &
	guard=$!
	busywait 10000 says guard.said ', dns ' || { echo 'FAIL: no guard'; cat guard.said; exit 1; }
}
alive() { says "/proc/$1/status" '^State:[[:space:]][^ZX]'; } # PID

asked=0
next_name() { asked=$(((asked + 1) % NAMES)); }
resolve() { next_name; in_place getent ahostsv4 "n$asked.example.com" >out; }
tell_status() { FAULT_ROLE=client faulty status --json >out; }
reload() { FAULT_ROLE=client faulty reload; }
change() { # to the other policy
	cp /run/etc/other.yml /run/etc/next.yml
	mv /run/etc/next.yml /run/etc/policy.yml
	reload
}

stands_now() { # FENCE
	look
	[ "$stands" = "$1" ]
}
# Whatever fails, the guard goes on, and the fence of the policy in force stands: what failed half-way is
# taken back, at once or with the next tick.
judge() { # STATUS
	local wanted=$new
	alive "$guard" || { complain 'the guard has ended'; cat guard.said; serving; }
	case $turn$1 in change*0) wanted=$other ;; esac
	busywait 3000 stands_now "$wanted" ||
		complain "status $1, another fence:" "$(diff <(echo "$wanted") <(echo "$stands"))"
	case $1 in
	0) ;;
	1 | 2 | 65 | 71) [ -s said ] || [ "${turn%%,*}" = resolve ] || complain "status $1 without a message" ;;
	*) complain "status $1" ;;
	esac
	case $turn in change*) use first ;; esac
}
first=guard
put() { :; }
