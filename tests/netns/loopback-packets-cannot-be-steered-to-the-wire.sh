#!/bin/bash
# A packet to a loopback address stays on loopback, whichever device its socket is bound to
# (SO_BINDTODEVICE needs no privilege) and whatever its source.
. "${0%/*}/lib.sh"

nft -f - <<-'END'
	table netdev wiretap {
		chain ingress { type filter hook ingress device wire priority 0;
			ip daddr 127.0.0.0/8 counter name steered
			ip saddr 127.0.0.0/8 counter name steered
			ip6 daddr ::1 counter name steered
			ip6 saddr ::1 counter name steered
		}
		counter steered { }
	}
END
seen() { nft list counter netdev wiretap steered; }
on_the_wire() { says <(seen) 'packets [1-9]'; }
nothing() { refute "$1" on_the_wire; }
# Nobody answers: the attempt ends by itself.
send() { # ADDR [SOURCE]
	as_agent socat -T 0.1 - "UDP:$(host_port "$1" 9),so-bindtodevice=eth0${2:+,bind=$2}" <<<leak ||
		:
	as_agent socat -T 0.1 - \
		"TCP:$(host_port "$1" 9),so-bindtodevice=eth0,connect-timeout=0.2${2:+,bind=$2}" \
		<<<leak || :
}
steer() {
	local addr
	for addr in 127.0.0.1 127.0.0.53 127.0.0.11 ::1; do
		send "$addr"
	done
	send 127.0.0.1 127.0.0.1
	send 198.51.100.10 127.0.0.1
	send 2001:db8:1::10 ::1
} >/dev/null 2>&1

in_client sysctl -qw net.ipv4.conf.all.route_localnet=1
steer
check 'without the fence such packets reach the wire' on_the_wire
nft reset counter netdev wiretap steered >/dev/null
for options in '--policy none' '--policy restricted --allow 198.51.100.10 --allow [2001:db8:1::10]:9'; do
	# shellcheck disable=SC2086  # words
	check "the fence goes up: $options" netpale apply $options
	steer
	nothing 'nothing for loopback reaches the wire'
done
