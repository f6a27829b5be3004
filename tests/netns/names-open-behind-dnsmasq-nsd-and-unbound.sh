#!/bin/bash
# The servers that people run, each with the same names: behind each of them names resolve and are
# open; and one that is dead, silent or refusing beside one that lives holds nobody up for long.
. "${0%/*}/lib.sh"
. "${0%/*}/guarded.bash"

start_echo 203.0.113.10 7
start_echo 2001:db8:2::10 7
# Long names: the reply about all of them fits into no datagram.
label=$(printf 'x%.0s' {1..60})
long=$label.$label.long.example.com
names() { # FORMAT for name, type and address
	# shellcheck disable=SC2059
	for name in www.example.com deep.er.wild.example.com; do
		printf "$1" $name A 203.0.113.10
		printf "$1" $name AAAA 2001:db8:2::10
	done
	for host in {1..200}; do
		# shellcheck disable=SC2059
		printf "$1" "$long" A 10.1.0."$host"
	done
}
policy <<-END
	allow:
	  - {host: www.example.com, ports: [7], private: true}
	  - {host: '*.wild.example.com', ports: [7], private: true}
	  - {host: alias.example.com, ports: [7], private: true}
	  - {host: $long, ports: [7], private: true}
END

# dnsmasq at .11, NSD at .12, unbound at .13.
names '%s %s %s\n' | awk '{ print $3, $1 }' >mine
start_dns 198.51.100.11 --cname=alias.example.com,www.example.com --edns-packet-max=4096 <mine
{
	printf '%s\n' "\$TTL 60" '@ SOA ns.example.com. me.example.com. 1 3600 600 86400 60' '@ NS ns' \
		'ns A 198.51.100.12' 'alias CNAME www'
	names '%s. %s %s\n'
} >example.com.zone
cat >nsd.conf <<-END
	server:
	  ip-address: 198.51.100.12
	  username: ""
	  chroot: ""
	  zonesdir: "$WORK"
	  pidfile: "$WORK/nsd.pid"
	  xfrdfile: ""
	  zonelistfile: "$WORK/nsd.zones"
	  xfrdir: "$WORK"
	  server-count: 1
	  rrl-ratelimit: 0
	remote-control:
	  control-enable: no
	zone:
	  name: example.com
	  zonefile: example.com.zone
END
start udp 198.51.100.12 53 nsd -d -c nsd.conf
cat >unbound.conf <<-END
	server:
	  interface: 198.51.100.13
	  access-control: 0.0.0.0/0 allow
	  username: ""
	  chroot: ""
	  directory: "$WORK"
	  pidfile: ""
	  use-syslog: no
	  module-config: "iterator"
	  do-not-query-localhost: no
	  local-zone: "example.com." typetransparent
	stub-zone:
	  name: "example.com."
	  stub-addr: 198.51.100.12
END
start udp 198.51.100.13 53 unbound -d -c unbound.conf

guard_behind() { # ADDR...
	printf 'nameserver %s\n' "$@" >resolv.conf
	start_guard -f /run/policy.yml
}
all_of_it() { answers NOERROR "A.10\\.1\\.0\\.200$" "$long" A && same 200 "$(grep -c 'IN.A.10\.1\.0\.' answer)"; }
for server in 198.51.100.11 198.51.100.12 198.51.100.13; do
	guard_behind "$server"
	for name in www.example.com deep.er.wild.example.com; do
		check "behind $server $name is open" says <(as_agent "$PEERS/visit" $name 7 20) \
			'^20 visits, 40 connects, 0 refused, 2 addresses, 0 unresolved$'
	done
	check 'an alias of it too' answers NOERROR 'A.203\.0\.113\.10$' alias.example.com A
	check 'a long reply by TCP, to a client that asks so' all_of_it
	check 'a name that is not there is not' answers NXDOMAIN '' none.wild.example.com A
	check 'of a name that is not allowed it does not hear' nxdomain_fast www.example.net A
	stop_guard TERM
done

# A second server: nobody there, silence, and an error.
start_upstream 198.51.100.14 silent
start_upstream 198.51.100.15
ip route add blackhole 203.0.113.99
for dead in 198.51.100.16 198.51.100.14 203.0.113.99; do
	for order in "$dead 198.51.100.15" "198.51.100.15 $dead"; do
		# shellcheck disable=SC2086
		guard_behind $order
		check "with resolvers $order the answer comes in time" \
			within 4500 answers NOERROR "A.198.51.100.10$" www.example.com A
		stop_guard TERM
	done
done
