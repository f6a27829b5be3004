#!/bin/bash
# What netpale is compared with: the entrypoint as it is usually written, of bash, dig, ipset and
# iptables. entrypoint.sh LIST COMMAND...: LIST holds an address, a network or a name a line.
set -euo pipefail

list=$1
shift
add() { # SETS' SUFFIX, ADDRESS
	ipset add -exist "allowed$1" "$2"
}
add_name() {
	local addr
	for addr in $(dig +short A "$1"); do
		add 4 "$addr"
	done
	for addr in $(dig +short AAAA "$1"); do
		add 6 "$addr"
	done
}

ipset create allowed4 hash:net family inet
ipset create allowed6 hash:net family inet6
while read -r entry; do
	case $entry in
	*:*) add 6 "$entry" ;;
	*[a-z]*) add_name "$entry" ;;
	*) add 4 "$entry" ;;
	esac
done <"$list"

for family in 4 6; do
	tables=iptables
	[ $family = 4 ] || tables=ip6tables
	$tables -A OUTPUT -o lo -j ACCEPT
	$tables -A INPUT -i lo -j ACCEPT
	$tables -A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
	$tables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
	if [ $family = 4 ]; then
		while read -r word resolver _; do
			[ "$word" != nameserver ] ||
				$tables -A OUTPUT -d "$resolver" -p udp --dport 53 -j ACCEPT
		done </etc/resolv.conf
	else
		$tables -A OUTPUT -p icmpv6 -j ACCEPT
		$tables -A INPUT -p icmpv6 -j ACCEPT
	fi
	$tables -A OUTPUT -m set --match-set allowed$family dst -j ACCEPT
	$tables -A OUTPUT -j REJECT
	$tables -P INPUT DROP
	$tables -P FORWARD DROP
	$tables -P OUTPUT DROP
done
exec setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all --bounding-set=-all \
	--no-new-privs -- "$@"
