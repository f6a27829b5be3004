#!/bin/bash
# With lifetimes of seconds: an address learned by a guard closes when its time is up, not before what
# clients were told; what was connected lives on; and who keeps asking meets no gap.
. "${0%/*}/lib.sh"

[ -x "${QUICK_NETPALE-}" ] || skip 'no netpale with short lifetimes'
NETPALE=$QUICK_NETPALE
told_max=2000 grace=1000

for addr in 198.51.100.10 198.51.100.11 198.51.100.12 2001:db8:1::10; do start_echo "$addr" 7; done
start_dns 198.51.100.53 --local-ttl=1 <<-'END'
	198.51.100.10 seldom.example.com
	2001:db8:1::10 seldom.example.com
	198.51.100.11 often.example.com
	198.51.100.12 moves.example.com
END
dnsmasq=$!
cat >/run/policy.yml <<-'END'
	network:
	  dns: guarded
	  allow:
	    - {host: .example.com, ports: [7], private: true}
END
start_guard -f /run/policy.yml

asks() { # NAME [TYPE]: the TTL that is told, in ./told
	as_agent dig +noall +answer "$@" >answer && awk '{ print $2; exit }' answer >told &&
		[ -s told ]
}
is_closed() { probe refused "$1" "$2" 7 5000; } # tcp|udp ADDR

# 1. Nobody asks any more.
asked=$(now_ms)
check 'a name is asked for' asks seldom.example.com A
told=$(($(<told) * 1000))
check 'in both families' asks seldom.example.com AAAA
check 'the time that is told is that of this build' test "$told" -ge 1000 -a "$told" -le "$told_max"
open_flow tcp4 tcp 198.51.100.10 7
open_flow udp4 udp 198.51.100.10 7
open_flow tcp6 tcp 2001:db8:1::10 7
check 'its address closes' busywait 20000 is_closed tcp 198.51.100.10
took=$(($(now_ms) - asked))
check "not before it was told and the grace ($took ms)" test "$took" -ge $((told + grace))
check 'for UDP too' is_closed udp 198.51.100.10
check 'that of the other family closes' busywait 20000 is_closed tcp 2001:db8:1::10
for flow in tcp4 udp4 tcp6; do check "the flow $flow lives on" lives $flow; done
lapsed() { says <(in_client "$NETPALE" status --json) "\"lapsed\":$1,"; }
check 'the guard knows that their time was up' busywait 5000 lapsed 2
check 'the policy is read again' in_client "$NETPALE" reload
for flow in tcp4 udp4 tcp6; do check "the flow $flow still lives" lives $flow; done
check 'while whoever connects anew is refused' refused_fast tcp 198.51.100.10 7
check 'asked for again' asks seldom.example.com A
check 'it is open again' reaches tcp 198.51.100.10 7
for flow in tcp4 udp4; do check "and the flow $flow lives" lives $flow; done

# 2. Everybody asks: over several lifetimes.
visits() { # NAME MS
	local end=$(($(now_ms) + $2))
	while [ "$(now_ms)" -lt "$end" ]; do
		as_agent "$PEERS/visit" "$1" 7 20 || return 1
		reaches tcp 198.51.100.11 7 || return 1
	done
}
check 'a name asked for again and again is never closed' visits often.example.com 8000
check 'nor without asking in between' reaches tcp 198.51.100.11 7

# 3. The answer changes; clients fail over inside the old one.
answers_with() { same "$1" "$(dig +short @198.51.100.53 moves.example.com)"; }
check 'a name is asked for' asks moves.example.com
asked=$(now_ms)
sed -i 's/^198.51.100.12/198.51.100.11/' dns.198.51.100.53.hosts
kill -HUP "$dnsmasq"
check 'its address moves' busywait 5000 answers_with 198.51.100.11
lasts() { # the old address, in ms since it was seen, while its name is asked for
	while asks moves.example.com && ! is_closed tcp 198.51.100.12; do
		[ $(($(now_ms) - asked)) -lt 20000 ] || return 1
	done
	lasted=$(($(now_ms) - asked))
}
lasted=0
check 'the old address closes when nobody has seen it for long' lasts
check "but not as soon as one that nobody asks for ($lasted ms)" test "$lasted" -ge 5000
check 'the new one is open' reaches tcp 198.51.100.11 7
