# shellcheck shell=bash
# The whole guard between an agent and an upstream that tells what it was asked. Sourced behind
# lib.sh.

# shellcheck source-path=SCRIPTDIR
. "${BASH_SOURCE%/*}/forwarder.bash"

# The agent's question to whatever server, as a client asks it; its answer in ./answer.
dns() { # [@SERVER] NAME TYPE [+OPTION...]
	as_agent dig +tries=1 +timeout=7 "$@" >answer 2>&1
}
# At once: dig counts by itself. A busy machine can be late, so only a third late answer counts.
nxdomain_fast() { # DIG-ARGUMENT...
	local try
	for try in 1 2 3; do
		answers NXDOMAIN '' "$@" || return 1
		[ "$(sed -n 's/^;; Query time: \(.*\) msec$/\1/p' answer)" -gt 100 ] || return 0
		echo "try $try was late"
	done
	return 1
}

# The network block on stdin, but its first line and dns: guarded. Where the agent cannot write: what
# it could is not read again.
policy() {
	{
		printf 'network:\n  dns: guarded\n'
		sed 's/^/  /'
	} >/run/policy.yml
}
# What a server has heard, whatever the letters: "a www.example.com", each once.
names_heard() { asked "$1" | sed 's/ [^ ]* [0-9]*$//' | tr '[:upper:]' '[:lower:]' | sort -u; } # ADDR
status() { in_client "$NETPALE" status --json; }
# The addresses that the kernel holds open, and those that the guard says are.
addresses_in_kernel() {
	in_client nft list ruleset | sed -n '/set learned[46]_/,/^\t}/p' |
		grep -oE '[0-9a-f.:]+ timeout' | sed 's/ timeout//' | sort -u
}
addresses_in_status() { status | grep -oE '"address":"[^"]*"' | cut -d'"' -f4 | sort -u; }
