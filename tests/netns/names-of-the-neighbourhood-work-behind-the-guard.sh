#!/bin/bash
# Names that a container has without DNS or by half: those of /etc/hosts, labels below a search
# domain, names of addresses; and names without which nothing starts.
. "${0%/*}/lib.sh"
. "${0%/*}/guarded.bash"

for host in 10 11 12 13; do start_echo 198.51.100.$host 7; done
start_echo 2001:db8:1::12 7
start_echo 203.0.113.10 7
start_dns 198.51.100.53 <<-'END'
	198.51.100.12 db.corp.example www.example.com
	2001:db8:1::12 db.corp.example
	198.51.100.13 needed.example.com db.other.example
END
asked_at_all() { says dns.198.51.100.53.log 'query\['; }
never_asked() { not says dns.198.51.100.53.log "query\\[[A-Z0-9]+\\] $1 "; } # PATTERN
ends_with() { # STATUS COMMAND...
	local status=0
	"${@:2}" || status=$?
	same "$1" "$status"
}
opened() { says <(as_agent "$1" "$2" 7 1) ' 0 refused, [12] addresses, 0 unresolved'; } # LIBC NAME

# 1. A name without which nothing starts. Nothing stands yet.
policy <<-'END'
	allow:
	  - {host: needed.example.com, ports: [7], private: true}
	  - {host: gone.example.com, ports: [7], required: true}
END
check 'a guard does not start' ends_with 69 netpale guard -f /run/policy.yml
check 'and says without what' says said 'gone\.example\.com.*NXDOMAIN'
check 'the fence is closed' refused_fast tcp 198.51.100.13 7
check 'nor does an agent' ends_with 125 netpale run -f /run/policy.yml -- touch ran
refute 'which never ran' test -e ran

# 2. The files of the container.
cat >>hosts <<-'END'
	198.51.100.10 inside.example.com
	198.51.100.11 Box.Wild.example.com box
END
printf '%s\n' 'nameserver 198.51.100.53' 'search corp.example' 'options ndots:2' >resolv.conf
policy <<-'END'
	allow:
	  - {host: inside.example.com, ports: [7], private: true}
	  - {host: '*.wild.example.com', ports: [7], private: true}
	  - {host: db, ports: [7], private: true}
	  - {host: www.example.com, ports: [7], private: true}
END
: >dns.198.51.100.53.log
start_guard -f /run/policy.yml
check 'a name of /etc/hosts is open' reaches tcp 198.51.100.10 7
check 'one below a wildcard, too' reaches tcp 198.51.100.11 7
check 'by its name' opened "$PEERS/visit" inside.example.com
check 'and the other' opened "$PEERS/visit" box.wild.example.com
refute 'nobody was asked' asked_at_all
check 'others are closed' refused_fast tcp 198.51.100.12 7
echo '203.0.113.10 inside.example.com' >>hosts
check 'the policy is read again' in_client "$NETPALE" reload
check 'what was written to /etc/hosts later opens nothing' refused_fast tcp 203.0.113.10 7
check 'what stood there still does' reaches tcp 198.51.100.10 7

# 3. Search domains.
clients=("$PEERS/visit")
if command -v musl-gcc >/dev/null; then
	musl-gcc -static -o musl "${0%/*}/../peers/visit.c"
	clients+=(./musl)
fi
for libc in "${clients[@]}"; do
	check "${libc##*/}: a label is found below the search domain" opened "$libc" db
	check 'a name with dots by itself' opened "$libc" www.example.com
	check 'a label that is not allowed is none, at once' \
		within 1000 says <(as_agent "$libc" other 7 1) ' 0 addresses, 1 unresolved'
done
check 'its address is open' reaches tcp 198.51.100.12 7
check 'so is the other' reaches tcp 2001:db8:1::12 7
check 'upstream was asked below the domain' was_asked 198.51.100.53 db.corp.example
check 'other domains are not searched' nxdomain_fast db.other.example A
check 'nor names below the label' nxdomain_fast x.db.corp.example A
check 'nor any label' nxdomain_fast other.corp.example A
check 'nor an allowed name below the domain' nxdomain_fast www.example.com.corp.example A
for name in 'db\.other\.example' 'x\.db\.corp\.example' 'other.*' '.*\.com\.corp\.example'; do
	check "$name has not left" never_asked "$name"
done

# 4. Names of addresses.
check 'an address that was learned has its name' \
	answers NOERROR 'PTR.(db\.corp|www)\.example(\.com)?\.$' -x 198.51.100.12
check 'one of the other family, too' answers NOERROR 'PTR.db\.corp\.example\.$' -x 2001:db8:1::12
check 'for a client' says <(as_agent getent hosts 2001:db8:1::12) 'db\.corp\.example'
for addr in 198.51.100.13 203.0.113.10 10.0.0.1 127.0.0.1 2001:db8:2::10; do
	check "$addr has none" nxdomain_fast -x $addr
done
check 'nor has a part of one' nxdomain_fast 100.51.198.in-addr.arpa PTR
check 'nor what is no address' nxdomain_fast secret.in-addr.arpa PTR
check 'nobody was asked for any' never_asked '.*\.arpa'
check 'nor what else an allowed address has' answers NXDOMAIN '' 12.100.51.198.in-addr.arpa TXT
for type in HTTPS SVCB; do
	check "$type of an allowed name: there is none" answers NOERROR '' www.example.com $type
	check "$type of a label" answers NOERROR '' db.corp.example $type
done
check 'nobody was asked for them' not says dns.198.51.100.53.log 'query\[(HTTPS|SVCB|TXT|type)'
stop_guard TERM

# 5. Every name is tried below the domain first.
printf '%s\n' 'nameserver 198.51.100.53' 'search corp.example other.example' 'options ndots:5' >resolv.conf
sed 's/www\.example\.com/&, required: true/' /run/policy.yml >/run/required.yml
: >dns.198.51.100.53.log
start_guard -f /run/required.yml
check 'a required name is looked at, and opens when it is asked for' refused_fast tcp 198.51.100.12 7
check 'it alone was asked for' same "$(sed -n 's/.*query\[A*\] \(.*\) from.*/\1/p' dns.198.51.100.53.log |
	sort -u)" www.example.com
for libc in "${clients[@]}"; do
	check "${libc##*/}: an allowed name" opened "$libc" www.example.com
done
check 'has not left below a domain' never_asked '.*example\.com\..*'
check 'the first domain that has the label counts' opened "$PEERS/visit" db
check 'the second one is searched, too' answers NOERROR '198\.51\.100\.13$' db.other.example A
