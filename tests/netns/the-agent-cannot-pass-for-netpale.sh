#!/bin/bash
# netpale's own questions leave by what nobody else can have. No uid, no port of netpale's, no port of
# Docker's resolver leads a question of anybody else's upstream, and nobody but root commands the guard.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"

upstream=udp.198.51.100.53.53.log docker=docker.log
start_echo 198.51.100.10 7
start_echo 2001:db8:1::10 7
start udp 198.51.100.53 53 "$PEERS/dns" 198.51.100.53 53
# As Docker has it: its resolver in the container's network, on ports of its own choice.
nsenter --net=/run/netns/client "$PEERS/dns" 127.0.0.11 40053 >$docker 2>&1 &
busywait 5000 says $docker '^ready'
in_client nft -f - <<-'END'
	table ip nat {
		chain DOCKER_OUTPUT {
			ip daddr 127.0.0.11 tcp dport 53 dnat to 127.0.0.11:40053
			ip daddr 127.0.0.11 udp dport 53 dnat to 127.0.0.11:40053
		}
		chain OUTPUT { type nat hook output priority -100; ip daddr 127.0.0.11 jump DOCKER_OUTPUT; }
		chain DOCKER_POSTROUTING {
			ip saddr 127.0.0.11 tcp sport 40053 snat to :53
			ip saddr 127.0.0.11 udp sport 40053 snat to :53
		}
		chain POSTROUTING { type nat hook postrouting priority srcnat; ip saddr 127.0.0.11 jump DOCKER_POSTROUTING; }
	}
END

# Whoever there is, none with a capability: the agent, the forwarder's uid, root, nobody.
as_uid() { # UID COMMAND...
	in_client setpriv --reuid="$1" --regid="$1" --clear-groups --bounding-set=-all --inh-caps=-all -- "${@:2}"
}
asks() { # UID DIG-ARGUMENT...: is there an answer?
	local answer
	answer=$(as_uid "$1" dig +tries=1 +timeout=1 "${@:2}") && says <(echo "$answer") 'status: NOERROR'
}
ways=('@198.51.100.53' '@198.51.100.53 +tcp' '@127.0.0.11' '@127.0.0.11 +tcp' '@127.0.0.11 -p 40053'
	'@127.0.0.11 -p 40053 +tcp')
for way in "${ways[@]}"; do
	# shellcheck disable=SC2086
	check "without a guard an answer comes: $way" asks 1000 $way stolen.example.org
done

unheard() { not grep -i stolen $upstream $docker; }
no_way_for() { # UID
	local way
	for way in "${ways[@]}"; do
		# shellcheck disable=SC2086
		! asks "$1" $way stolen.example.org || { echo "by $way"; return 1; }
	done
	unheard
}
netpale_ports() { sed -n 's/.*www\.example\.com udp \([0-9]*\)$/\1/pI' "$1" | sort -u; }
nothing_from() { # PORT SERVER UID: an old port of netpale's
	! asks "$3" -b "0.0.0.0#$1" "@$2" stolen.example.org && unheard
}
marks() { as_uid "$1" "$PEERS/escape" mark; }

echo 'network: { dns: guarded, allow: [ { host: www.example.com, ports: [7], private: true } ] }' |
	write_policy
for resolver in 198.51.100.53 127.0.0.11; do
	echo "nameserver $resolver" >resolv.conf
	log=$upstream
	[ $resolver != 127.0.0.11 ] || log=$docker
	: >$upstream
	: >$docker
	start_guard -f $POLICY
	check "$resolver: names resolve" visits www.example.com 7
	check "$resolver: it was asked" grep -i 'www\.example\.com' $log
	for uid in 1000 0 64783 65534; do
		check "$resolver: uid $uid has no way" no_way_for $uid
		refute "$resolver: uid $uid marks no packet" marks $uid
	done
	check "$resolver: netpale asked from some port" test -n "$(netpale_ports $log)"
	for port in $(netpale_ports $log | head -n 4); do
		for uid in 1000 0; do
			check "$resolver: its port $port is worth nothing to uid $uid" \
				nothing_from "$port" $resolver $uid
		done
	done
	check "$resolver: the forwarder killed" kill -KILL "$(forwarder)"
	check "$resolver: its uid has no way" no_way_for 64783
	for port in $(netpale_ports $log | head -n 2); do
		check "$resolver: nor by its port $port" nothing_from "$port" $resolver 64783
	done
	check "$resolver: Docker's own rules are as they were" \
		same "$(in_client nft list chain ip nat DOCKER_OUTPUT | grep -c 'dnat to 127.0.0.11:40053')" 2
	stop_guard TERM
done

# The doors.
start_guard -f $POLICY
connects() { # UID
	as_uid "$1" python3 -c '
import socket
socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect("/run/netpale/control")'
}
check 'root reaches the control socket' connects 0
for uid in 1000 64783 65534; do
	refute "uid $uid does not" connects $uid
	check "uid $uid reads the status" as_uid $uid cat /run/netpale/status.json
	refute "uid $uid writes nothing beside it" as_uid $uid touch /run/netpale/new
	refute "uid $uid does not take its place" as_uid $uid rm -f /run/netpale/control
done
check 'nothing of that door is in the abstract' not says <(in_client ss -Hxl) '@.*netpale'
