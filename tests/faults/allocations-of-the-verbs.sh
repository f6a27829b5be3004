#!/bin/bash
# Each allocation of a verb that only tells something fails in turn: it tells the whole of it, or says why
# not and ends as documented.
SOURCES=$(cd "${0%/*}" && pwd)
. "${0%/*}/../netns/lib.sh"
. "$SOURCES/turns.bash"

scene
open_it
# Something refused, and a name that was told.
faulty run -q -f guarded.yml -- getent hosts www.example.com missing.example.com >/dev/null 2>&1 || :
faulty apply -q -f new.yml
before=
cat >loud.yml <<-END
	network: &all
	  policy: audit
	  allow:
	    - preset: claude
	    - "10.0.0.0/8"
	    - {host: .example.com, ports: [80-90, 443/udp], types: [MX]}
	  deny: [10.1.0.0/16, bad.example.com]
	  dns: guarded
	  inbound: [3000]
	  host_gateway: true
END
printf 'network:\n  alow: [a.example.com]\n  allow: [http://x.example.com, 1.2.3.4/8, "a..b"]\n' >wrong.yml
printf '198.51.100.10 api.anthropic.com www.example.com\n' >answers

# What has no memory for the addresses of netpale's own probes counts them too; see also skipped().
tells_it() {
	same "$wanted" "$(sed '/: 1 refused in all, the log has seen none$/d' out)" >differs ||
		grep -q 'skipped www.example.com: no DNS server' said
}
# The documented end, and if that is the one without a fault, the same words.
judge() { # STATUS
	case $1 in
	"$expected") tells_it || complain "status $1, other words:" "$(<differs)" ;;
	65 | 71) [ -s said ] || complain "status $1 without a message" ;;
	*) complain "status $1" ;;
	esac
}
tells() { # ARGUMENT...
	expected=0
	faulty "$@" >out 2>said || expected=$?
	wanted=$(<out)
	fail_allocations main faulty "$@"
	conclude "$1"
}
put() { :; }

tells check -f new.yml
tells check -f loud.yml
tells check --json -f loud.yml
tells check -f wrong.yml
tells plan --answers answers -f new.yml
tells plan -f new.yml
tells plan --answers answers -f new.yml --format json
tells plan --answers answers -f new.yml --format networkpolicy
tells plan -f guarded.yml --format cilium
tells explain --answers answers -f new.yml 203.0.113.8:443
tells explain --answers answers -f loud.yml --json www.example.com:443
tells presets npm
tells suggest -f new.yml
printf '[remote "a"]\n\turl = https://a.example/\n' >.gitmodules
echo 'registry=https://b.example/' >.npmrc
printf 'services:\n  c: { expose: [80] }\n' >compose.yml
tells init --stdout
tells log
tells log --json
tells verify
tells status
echo "$total allocations failed in turn"
