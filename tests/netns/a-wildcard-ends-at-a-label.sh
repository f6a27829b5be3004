#!/bin/bash
# Which names a wildcard lets out: asked by dig and by getaddrinfo(), and proved by the upstream's log.
. "${0%/*}/lib.sh"
. "${0%/*}/guarded.bash"

start_upstream 198.51.100.53
start_echo 198.51.100.10 7
start_echo 2001:db8:1::10 7
mkdir project
cat >project/.ccpod.yml <<-'END'
	network:
	  allow:
	    - {host: '*.kept.example.net', ports: [7], private: true}
	    - {host: '*.theirs.example.net', ports: [7], private: true}
	  deny:
	    - not-for-us.wild.example.com
END
policy <<-'END'
	allow:
	  - {host: '*.wild.example.com', ports: [7], private: true}
	  - {host: .whole.example.com, ports: [7], private: true}
	  - {host: exact.example.com, ports: [7], private: true}
	  - {host: again.kept.example.net, ports: [7], private: true}
	  - {host: tie.example.com, ports: [7], private: true}
	  - {host: '*.tie.example.net', ports: [7], private: true}
	deny:
	  - tie.example.com
	  - '*.tie.example.net'
	  - bad.wild.example.com
	  - .worse.wild.example.com
	  - '*.worst.wild.example.com'
	  - .kept.example.net
END
start_guard -f /run/policy.yml --project project/.ccpod.yml

label=$(printf 'x%.0s' {1..63})
long=$label.$label.$label.$(printf 'y%.0s' {1..42}).wild.example.com
deep=$(printf '%.0sa.' {1..110})wild.example.com
allowed=(
	www.wild.example.com a.b.c.d.wild.example.com "$deep" "$long" WwW.WiLd.ExAmPlE.cOm
	dot.wild.example.com. xn--bcher-kva.wild.example.com _dmarc.wild.example.com
	a_b.wild.example.com 1.2.3.4.wild.example.com wild.example.com.wild.example.com
	whole.example.com WHOLE.example.com. www.whole.example.com a.b.whole.example.com
	_sip._tcp.whole.example.com xn--p1ai.whole.example.com
	exact.example.com EXACT.example.com. fine.bad.wild.example.com worst.wild.example.com
	www.theirs.example.net again.kept.example.net
)
refused=(
	wild.example.com wild.example.com. WILD.example.com example.com com
	evilwild.example.com wwwwild.example.com evilwhole.example.com xn--wild.example.com
	www.wild.example.com.evil.test wild.example.com.evil.test www.wild.example.comm
	www.wild.example.co www.wild.example whole.example.com.evil.test www-whole.example.com
	_whole.example.com www.exact.example.com xexact.example.com exact.example.com.exact.example
	'a\.wild.example.com' 'a\046wild.example.com' 'a\000.wild.example.com' 'a\032.wild.example.com'
	'*.wild.example.com' '*.evil.test'
	bad.wild.example.com BAD.wild.example.com. worse.wild.example.com a.worse.wild.example.com
	a.b.worse.wild.example.com a.worst.wild.example.com not-for-us.wild.example.com
	kept.example.net www.kept.example.net theirs.example.net tie.example.com
	www.tie.example.net
)

for name in "${refused[@]}"; do
	check "dig: not $name" answers NXDOMAIN 'EDE: 15' "$name" A +noall +comments +answer
	case $name in *\\*) continue ;; esac
	check "getaddrinfo: not $name" says <(as_agent "$PEERS/visit" "$name" 7 1) ' 0 connects.* 1 unresolved'
done
check 'none of them has left' same '' "$(names_heard 198.51.100.53)"

for name in "${allowed[@]}"; do
	check "dig: $name" answers NOERROR 'A.198\.51\.100\.10$' "$name" A
	check "getaddrinfo: $name, and it is open" as_agent "$PEERS/visit" "$name" 7 1
done
check 'these have left as they are, and nothing else' same "$(names_heard 198.51.100.53)" "$(
	printf '%s\n' "${allowed[@]}" | tr '[:upper:]' '[:lower:]' | sed 's/\.$//' |
		sed 's/.*/a &\naaaa &/' | sort -u
)"
refute 'the guard says no fault' says guard.said 'forwarder|error'
