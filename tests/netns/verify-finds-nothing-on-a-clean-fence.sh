#!/bin/bash
# What netpale does itself is no drift: fences of all kinds, reloads, addresses that were learned and
# that are gone again.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"

[ -x "${QUICK_NETPALE-}" ] || skip 'no netpale with short lifetimes'
NETPALE=$QUICK_NETPALE

clean() { # nothing found, nothing left unlooked at
	in_client setpriv --no-new-privs "$NETPALE" verify >found 2>&1 || { cat found; return 1; }
	[ ! -s found ] || { cat found; return 1; }
}
start_dns 198.51.100.53 --local-ttl=1 <<-'END'
	198.51.100.10 seldom.example.com
	2001:db8:1::10 seldom.example.com
END
start_echo 198.51.100.10 7
start_echo 2001:db8:1::10 7

for words in '--policy none' '--policy audit' '--allow 198.51.100.10' '--dns pinned --allow 10.0.0.0/8:1-9' \
	'--policy full --deny 10.0.0.0/8' '--allow preset:lan --allow 0.0.0.0/1:80' \
	'--allow 255.255.255.255 --allow ffff::/16 --allow 0.0.0.0/0:53/udp'; do
	# shellcheck disable=SC2086  # words
	check "$words: applied" netpale apply -q $words
	check "$words: clean" clean
done

write_policy <<-'END'
	network:
	  dns: guarded
	  allow: [{host: .example.com, ports: [7], private: true}]
END
start_guard -f "$POLICY"
check 'guarded: clean' clean
check 'an address is learned' resolves seldom.example.com
check 'it is open' visits seldom.example.com 7
check 'learned: clean' clean
for turn in 1 2 3; do
	check "reload $turn" in_client "$NETPALE" reload
	check "reload $turn: clean" clean
done
closed() { [ -z "$(learned)" ]; }
check 'its time is over' busywait 20000 closed
check 'gone again: clean' clean
write_policy <<-'END'
	network: {dns: guarded, allow: [198.51.100.10:7], inbound: [3000]}
END
check 'another policy' in_client "$NETPALE" reload
check 'another policy: clean' clean
