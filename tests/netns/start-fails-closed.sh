#!/bin/bash
# Whatever goes wrong before the agent starts, the agent does not start: exit 125, nothing ran, and
# a fence that stood stands.
. "${0%/*}/lib.sh"

echo 'network: { allow: [198.51.100.10] }' >policy.yml
echo 'network: { allow: [198.51.100.10], dns: guarded }' >guarded.yml
# The command leaves a trace, as any user.
mkdir -m 777 traces
command=(-- touch "$WORK/traces/ran")
never_ran() { [ ! -e traces/ran ]; }
fails_with() { # STATUS COMMAND...
	local expected=$1 status=0
	shift
	rm -f traces/ran
	"$@" || status=$?
	[ "$status" = "$expected" ] || { echo "status $status, not $expected"; return 1; }
	never_ran
}
fails() { # WORDS OPTION...: run says 125
	local words=$1
	shift
	check "$words: no start" fails_with 125 netpale run "$@" "${command[@]}"
}
without() { # CAPABILITY ARGUMENT...
	in_client setpriv --inh-caps="-$1" --bounding-set="-$1" -- "$NETPALE" "${@:2}"
}

names_cure() { # CAPABILITY
	fails_with 77 without "$1" guard -f guarded.yml 2>said
	says said "docker run --cap-add ${1^^}"
}

start_echo 198.51.100.11 7
check 'with everything in order the command runs' netpale run -f policy.yml "${command[@]}"
refute 'and that leaves its trace' never_ran
in_client nft delete table inet netpale

for capability in net_admin setuid setgid setpcap; do
	check "without $capability: no start" \
		fails_with 125 without $capability run -f policy.yml "${command[@]}"
done
for capability in net_admin setuid setgid setpcap kill; do
	check "guarded without $capability: no start" \
		fails_with 125 without $capability run -f guarded.yml "${command[@]}"
	check 'nor a guard alone, and the cure is named' names_cure $capability
done
check 'guarded, and nobody would stay: not applied' fails_with 65 netpale apply -f guarded.yml
refute 'so that nothing stands' in_client nft list table inet netpale
check 'not as root, with a policy: no start' \
	fails_with 125 as_agent "$NETPALE" run -f policy.yml "${command[@]}"

fails 'no policy at all'
fails 'a policy that does not exist' -f nowhere.yml
fails 'a directory as policy' -f /run
echo 'network: { allow: [198.51.100.10/24] }' >invalid.yml
fails 'an invalid policy' -f invalid.yml
printf 'network:\n  alow: []\n' >misspelt.yml
fails 'a misspelt key' -f misspelt.yml
cp policy.yml secret.yml
chmod 600 secret.yml
check 'an unreadable policy: no start' fails_with 125 in_client setpriv --reuid=1000 \
	--inh-caps=+net_admin,+setuid,+setgid,+setpcap \
	--ambient-caps=+net_admin,+setuid,+setgid,+setpcap -- \
	"$NETPALE" run -f secret.yml "${command[@]}"
fails 'an invalid entry as flag' -f policy.yml --allow 198.51.100.10:99999
fails 'an unknown option' -f policy.yml --alow 198.51.100.10
fails 'an unknown user' -f policy.yml -u nobody-of-that-name
fails 'uid 0 without leave' -f policy.yml -u 0
check 'an unknown variable: no start' fails_with 125 in_client env NETPALE_ALOW=x \
	"$NETPALE" run -f policy.yml "${command[@]}"
echo 'network: { allow: [{ host: nowhere.example.com, required: true }] }' >required.yml
fails 'a required name without DNS' -f required.yml --resolve-timeout 1
check 'and the fence stays closed' refused_fast tcp 198.51.100.11 7
in_client nft delete table inet netpale
{
	echo 'network: { allow: ['
	for i in {0..1999}; do
		echo "{ host: 10.$((i >> 7)).$((i * 2 & 255)).0/24, ports: [$(seq -s, 1 2 249)] },"
	done
	echo ']}'
} >many.yml
fails 'more than the plan takes' -f many.yml
check 'and the fence is closed' refused_fast tcp 198.51.100.11 7
check 'not found: 127' fails_with 127 netpale run -f policy.yml -- nowhere "$WORK/traces/ran"
check 'not executable: 126' fails_with 126 netpale run -f policy.yml -- /run/test/policy.yml
in_client nft delete table inet netpale

# Somebody who owns the table: the kernel refuses the batch.
mkfifo nft.in
in_client nft -i <nft.in >nft.log 2>&1 &
exec {nft}>nft.in
echo 'add table inet netpale { flags owner; }' >&$nft
owned() { says <(in_client nft list table inet netpale) 'flags owner'; }
busywait 5000 owned
fails 'a refused batch' -f policy.yml
check 'the message says what the kernel refused' says <(netpale run -f policy.yml -- true 2>&1) \
	'^netpale: .*(refused|owned|permitted)'
exec {nft}>&-
check 'afterwards it starts' busywait 5000 netpale run -f policy.yml "${command[@]}"
