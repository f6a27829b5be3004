#!/bin/bash
# `verify` tells what other tables of the namespace do to the fence's packets: who accepts or rewrites
# them earlier, who rewrites them later. Whoever only counts or drops is nobody's concern, nor are the
# rules for Docker's resolver, in every form that Docker gives them.
. "${0%/*}/lib.sh"

# shellcheck disable=SC2120
verify() { in_client setpriv --no-new-privs -- "$NETPALE" verify "$@"; }
# shellcheck disable=SC2119
finds() { # PATTERN: exit 1 and only lines that say it
	local status=0
	verify >found || status=$?
	[ "$status" = 1 ] || { echo "status $status"; cat found; return 1; }
	says found "$1" && not says <(grep -vE -e "$1" found) .
}
with() { # WORDS PATTERN: a table on stdin, told by that line alone
	check "$1: is taken by the kernel" in_client nft -f -
	check "$1: is told" finds "$2"
	in_client nft list tables | grep -v 'inet netpale' | sed 's/^/delete /' | in_client nft -f -
	check "$1: and nothing when it is gone" verify
}
clean() { # WORDS: a table on stdin that is none of our business
	check "$1: is taken by the kernel" in_client nft -f -
	check "$1: is no finding" verify
	in_client nft list tables | grep -v 'inet netpale' | sed 's/^/delete /' | in_client nft -f -
}
netpale apply -q --allow 198.51.100.10

with 'an accept earlier' '^table ip foo, chain bar \(output, priority -50\): accepts packets before the fence sees them; the fence still decides: ip daddr 203\.0\.113\.10 accept$' <<-'END'
	table ip foo {
		chain bar { type filter hook output priority -50; ip daddr 203.0.113.10 accept; }
	}
END
with 'an accept at the same priority' 'chain bar .* accepts packets beside the fence;' <<-'END'
	table inet foo { chain bar { type filter hook output priority 0; tcp dport 22 accept; }; }
END
with 'a rewrite earlier' '^table ip foo, chain bar \(output, priority -100\): rewrites destinations before the fence sees them: ip daddr 203\.0\.113\.10 dnat to 198\.51\.100\.10$' <<-'END'
	table ip foo {
		chain bar { type nat hook output priority -100; ip daddr 203.0.113.10 dnat to 198.51.100.10; }
	}
END
with 'a rewrite later' '^table ip foo, chain bar \(output, priority 100\): rewrites packets after the fence let them pass: ip daddr 198\.51\.100\.10 ip daddr set 203\.0\.113\.10$' <<-'END'
	table ip foo {
		chain bar { type filter hook output priority 100; ip daddr 198.51.100.10 ip daddr set 203.0.113.10; }
	}
END
with 'a rewrite in a chain that is jumped to' '^table ip6 foo, chain bar \(postrouting, priority 0\), chain deep from there: rewrites packets after the fence let them pass: ip6 daddr set 2001:db8:1::11$' <<-'END'
	table ip6 foo {
		chain deep { ip6 daddr set 2001:db8:1::11; }
		chain mid { goto deep; }
		chain bar { type filter hook postrouting priority 0; meta l4proto tcp jump mid; }
	}
END
with 'a rewrite behind a map' 'chain bar \(prerouting, priority -300\)(, chain deep from there: marks|: accepts) packets' <<-'END'
	table inet foo {
		chain deep { meta mark set 0x1; }
		chain bar { type filter hook prerouting priority -300; tcp dport vmap { 22 : jump deep }; }
	}
END
with 'a masquerade' 'rewrites sources after the fence let them pass: masquerade$' <<-'END'
	table ip foo { chain bar { type nat hook postrouting priority 100; masquerade; }; }
END
with 'a redirect of what comes in' 'rewrites destinations before the fence sees them: tcp dport 80 redirect to :8080$' <<-'END'
	table ip foo { chain bar { type nat hook prerouting priority -100; tcp dport 80 redirect to :8080; }; }
END
with "the connection's mark" 'chain bar \(output, priority -1\): marks packets or connections before .*: ct mark set 0x12345678$' <<-'END'
	table inet foo { chain bar { type filter hook output priority -1; ct mark set 0x12345678; }; }
END
with 'no tracking' 'takes packets out of tracking before the fence sees them: udp dport 9 notrack$' <<-'END'
	table ip foo { chain bar { type filter hook output priority -300; udp dport 9 notrack; }; }
END
with 'a rewrite at the device' '^table netdev foo, chain bar \(egress, priority 0\): rewrites packets after' <<-'END'
	table netdev foo {
		chain bar { type filter hook egress device eth0 priority 0; ip daddr set 203.0.113.10; }
	}
END
with 'a copy to elsewhere' 'sends packets by another way after the fence let them pass: dup$' <<-'END'
	table ip foo { chain bar { type filter hook postrouting priority 0; dup to 192.0.2.1; }; }
END
with 'a helper that a map names' 'lets packets count as related before the fence sees them: .* map @' <<-'END'
	table ip foo {
		ct helper h { type "ftp" protocol tcp; }
		chain bar { type filter hook output priority -1; ct helper set tcp dport map { 21 : "h" }; }
	}
END
with 'a name that is no name' '^table ip foo, chain bar .*\\x1b' <<-END
	table ip foo { chain bar {
		type filter hook output priority -1; log prefix "$(printf '\033')[31m" accept;
	}; }
END
with 'more than one' 'accepts packets before .*: tcp dport 22 accept \(and 2 more\)$' <<-'END'
	table ip foo { chain bar { type filter hook output priority -1
		tcp dport 22 accept; tcp dport 23 accept; tcp dport 24 accept; }; }
END

clean 'a table that counts, logs and drops' <<-'END'
	table inet foo {
		chain unused { ip daddr set 203.0.113.10; }
		chain bar { type filter hook output priority -1; counter; log; tcp dport 25 drop; }
		chain low { type filter hook postrouting priority 300; accept; }
		counter c { }
		chain named { type filter hook output priority -2; counter name tcp dport map { 21 : "c" }; }
	}
END
clean "Docker's resolver" <<-'END'
	table ip docker-dns {
		chain dns-dnat { type nat hook output priority -100
			ip daddr 127.0.0.11 tcp dport 53 counter dnat to 127.0.0.11:40001
			ip daddr 127.0.0.11 udp dport 53 counter dnat to 127.0.0.11:40002
		}
		chain dns-snat { type nat hook postrouting priority 100
			ip saddr 127.0.0.11 tcp sport 40001 counter snat to :53
			ip saddr 127.0.0.11 udp sport 40002 counter snat to :53
		}
	}
END
with "what leads Docker's resolver elsewhere" 'rewrites destinations before .*: ip daddr 127\.0\.0\.11 dnat to 203\.0\.113\.53$' <<-'END'
	table ip docker-dns {
		chain dns-dnat { type nat hook output priority -100; ip daddr 127.0.0.11 dnat to 203.0.113.53; }
	}
END
with 'what only speaks of it' 'rewrites destinations before' <<-'END'
	table ip docker-dns {
		chain dns-dnat { type nat hook output priority -100
			ip daddr != 127.0.0.11 dnat to 127.0.0.11; }
	}
END

iptables() { in_client iptables-nft "$@"; }
iptables -t nat -N DOCKER_OUTPUT
iptables -t nat -A OUTPUT -d 127.0.0.11 -j DOCKER_OUTPUT
iptables -t nat -A DOCKER_OUTPUT -d 127.0.0.11 -p udp --dport 53 -j DNAT --to-destination 127.0.0.11:40002
iptables -t nat -A POSTROUTING -s 127.0.0.11 -p udp --sport 40002 -j SNAT --to-source :53
check "Docker's resolver by iptables is no finding" verify
iptables -t nat -A DOCKER_OUTPUT -d 127.0.0.11 -p tcp --dport 53 -j DNAT --to-destination 203.0.113.53
check 'but what leads it elsewhere' finds 'chain OUTPUT .*, chain DOCKER_OUTPUT from there: rewrites destinations .*xt target "DNAT"$'
iptables -t nat -F
iptables -t mangle -A OUTPUT -p tcp -j TTL --ttl-set 3
check 'a target of iptables' finds '^table ip mangle, chain OUTPUT .*: rewrites packets before .*xt target "TTL"$'
iptables -t mangle -F
check 'and nothing when it is gone' verify

# The old iptables, whose rules nf_tables does not show.
if in_client iptables-legacy -t mangle -L >/dev/null 2>&1; then
	legacy() { in_client iptables-legacy "$@"; }
	legacy -t mangle -A OUTPUT -p tcp -j LOG
	legacy -t nat -A OUTPUT -d 127.0.0.11 -p udp --dport 53 -j DNAT --to-destination 127.0.0.11:40002
	legacy -t nat -A POSTROUTING -s 127.0.0.11 -p udp --sport 40002 -j SNAT --to-source :53
	check "Docker's resolver by iptables-legacy is no finding" verify
	legacy -t mangle -A OUTPUT -p tcp -j TTL --ttl-set 3
	check 'a target of iptables-legacy' finds '^table mangle of iptables-legacy: rewrites packets: -j TTL$'
	legacy -t mangle -F
	legacy -t nat -A OUTPUT ! -d 127.0.0.11 -j DNAT --to-destination 127.0.0.11
	check 'a rewrite by iptables-legacy' finds '^table nat of iptables-legacy: rewrites destinations: -j DNAT$'
	legacy -t nat -F
	legacy -N mine
	legacy -A mine -p tcp --dport 22 -j ACCEPT
	legacy -A mine -p tcp --dport 23 -j ACCEPT
	check 'an accept by iptables-legacy' \
		finds '^table filter of iptables-legacy: accepts packets; the fence still decides: -j ACCEPT \(and 1 more\)$'
	legacy -F
	check 'nothing when they are gone' verify
	in_client ip6tables-legacy -t mangle -A POSTROUTING -j MARK --set-mark 1
	check 'of IPv6' finds '^table mangle of ip6tables-legacy: marks packets or connections: -j MARK$'
fi
