# shellcheck shell=bash
# What the scripts share whose subject is a system call that fails. Each case is one run of netpale in
# the client's network, by tests/faults/syscalls/start.c, which prints how many there were. Each call
# fails once, in one of the ways that it may, of the longer starts some calls, and a sixth of those unless
# `tests/run faults` asks for more; with FAULTS=all every call in every way, which takes an hour. Sourced
# behind lib.sh.

# The release: it starts ten times faster than what carries the sanitizers.
static=${BASH_SOURCE%/*}/../../build/static/netpale
[ ! -x "$static" ] || NETPALE=$(realpath "$static")
witness=$(realpath "$PEERS/fault-witness")
REFUSED=(198.51.100.17 2001:db8:1::17)
whole=()
[ "${FAULTS-}" != all ] || whole=(-w)
each_nth() { echo $(($1 * (${WHOLE:-0} ? 1 : 6))); } # COUNT

mkdir fences policies
start udp 198.51.100.53 53 "$PEERS/dns" 198.51.100.53 53 quiet a=198.51.100.15 aaaa=2001:db8:1::15

# A policy of one name and one address in each family, in some stance; another one, which stood before.
policy() { # STANCE [NAME-ATTRIBUTE]
	cat >"policies/$1" <<-END
		network:
		  dns: $1
		  allow:
		    - 198.51.100.13
		    - 2001:db8:1::13
		    - { host: www.example.com, private: true }
	END
	sed '$s/host: www/required: true, host: nxdomain/' "policies/$1" >"policies/$1.closed"
}
echo 'network: { allow: [203.0.113.10] }' >policies/old

# The fence as nft lists it, in one line: without what differs from one apply to the next, and without the
# name's addresses: one that was not resolved is only not open.
cp "${BASH_SOURCE%/*}/used.awk" .
cat >listed <<'END'
nft -n list table inet netpale | awk -v but='^(refused|learned|revoked)' -f used.awk |
	sed -E '/^\tflags (owner|persist)/ d; s/ # progname.*//; s/_b\>//g
	s/(ct mark (set )?)0x[0-9a-f]+/\1MARK/' | tr -s '[:space:]' ' ' |
	sed -E 's/, (198\.51\.100\.15|2001:db8:1::15)//g; s/(198\.51\.100\.15|2001:db8:1::15), //g'
END
cat >classify <<'END'
sh ./listed >listing
grep chain listing >/dev/null || { echo none; exit; }
for known in fences/*; do
	if cmp -s listing "$known"; then
		known=${known##*/}
		echo "${known%%.*}"
		exit
	fi
done
cp listing "unknown.$(date +%s%N)"
echo unknown
END
keep_as() { # CLASS
	in_client sh ./listed >"fences/$1"
}
no_fence() {
	in_client nft delete table inet netpale 2>/dev/null || :
	rm -rf /run/netpale
}
learn_fences() { # STANCE VERB...: how the closed, the old and the whole one look
	policy "$1"
	no_fence
	netpale run -q --resolve-timeout 1 -f "policies/$1.closed" -- "$witness" "${REFUSED[@]}" 2>/dev/null || :
	keep_as closed
	no_fence
	netpale apply -q -f policies/old
	keep_as old
	no_fence
	netpale run -q -f "policies/$1" -- "$witness" "${REFUSED[@]}" | says /dev/stdin 'witness: held'
	keep_as full
	no_fence
}

run=(run --resolve-timeout 1)
agent=(-- "$witness" "${REFUSED[@]}")
over_old=(-b old -r "$NETPALE apply -q -f policies/old")
each() { # WORDS OPTION... -- ARGUMENT...: of netpale
	local words=$1 options=() status=0
	shift
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	in_client "$PEERS/fault-start" -c 'sh ./classify' "${options[@]}" "${whole[@]}" -- "$NETPALE" "$@" \
		>counted 2>&1 || status=$?
	cat counted
	check "$words: never open" test $status = 0
}
