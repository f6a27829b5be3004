#!/bin/bash
# Applying twice is applying once: the same ruleset but for the flows' mark, and nobody notices.
# A client that connects all the time meanwhile sees no refused allowed connection and no allowed
# refused one, also with 100,000 prefixes. An apply that fails leaves the fence that stood.
# Runs alone.
. "${0%/*}/lib.sh"

# While CMD runs so many times, a client connects: churn TIMES COMMAND...
undisturbed() {
	local times=$1 i status=0
	shift
	: >churn.log
	exec {clients}> >(in_client "$PEERS/churn" 198.51.100.10 203.0.113.10 7 >>churn.log 2>&1)
	local client=$!
	busywait 5000 test -s /proc/$client/comm || :
	for ((i = 0; i < times; i++)); do
		"$@" || status=1
	done
	exec {clients}>&-
	wait $client || status=1
	cat churn.log
	return $status
}
prefixes() { # COUNT THIRD: THIRD keeps two files apart
	local i
	echo 'network:'
	echo '  allow:'
	echo '    - 198.51.100.10'
	for ((i = 0; i < $1; i++)); do
		echo "    - 10.$((i >> 10 & 255)).$((i >> 2 & 255)).$(((i & 3) * 64 + $2))/32"
	done
}

start_echo 198.51.100.10 7
start_echo 203.0.113.10 7
check 'before the fence the refused host is reached' reaches tcp 203.0.113.10 7
check 'before the fence the refused host answers datagrams' reaches udp 203.0.113.10 7

cat >policy.yml <<-'END'
	network:
	  allow:
	    - 198.51.100.10
	    - 10.0.0.0/8:8000-8999
	    - "[2001:db8:1::/48]:443"
	  deny:
	    - 10.1.2.0/24
	  inbound: [3000]
END
check 'a first apply' netpale apply -f policy.yml
ruleset >first
check 'a second apply' netpale apply -f policy.yml
ruleset >second
check 'leaves the same ruleset' diff first second
check 'nobody notices ten more' undisturbed 10 netpale apply -q -f policy.yml
check 'nobody notices a start' undisturbed 5 netpale run -q -f policy.yml -- true
check 'still the same ruleset' same "$(cat first)" "$(ruleset)"

sed 's/10.1.2.0/10.1.3.0/' policy.yml >other.yml
other_and_back() { netpale apply -q -f other.yml && netpale apply -q -f policy.yml; }
check 'nobody notices a change and back' undisturbed 5 other_and_back
check 'still the same ruleset' same "$(cat first)" "$(ruleset)"

prefixes 100000 1 >large.yml
prefixes 100000 3 >larger.yml
two_large() { netpale apply -q -f large.yml && netpale apply -q -f larger.yml; }
check 'nobody notices 100,000 prefixes come and change' undisturbed 2 two_large
check '100,000 prefixes: a first apply' netpale apply -f large.yml
ruleset >first
check '100,000 prefixes: a second apply' netpale apply -f large.yml
ruleset >second
check '100,000 prefixes: the same ruleset' cmp first second
check 'nobody notices when they go' undisturbed 1 netpale apply -f policy.yml

ruleset >first
echo 'network: { allow: [10.0.0.1/8] }' >invalid.yml
echo 'network: { allow: [{ host: nowhere.example.net, required: true }] }' >required.yml
refute 'an invalid policy fails' netpale apply -f invalid.yml
check 'and leaves the fence' same "$(cat first)" "$(ruleset)"
refute 'a required name without DNS fails' \
	netpale apply --resolve-timeout 1 -f required.yml
check 'and leaves the fence' same "$(cat first)" "$(ruleset)"
refute 'without NET_ADMIN nothing is applied' in_client setpriv --inh-caps=-net_admin \
	--bounding-set=-net_admin -- "$NETPALE" apply -f large.yml
check 'and the fence is left' same "$(cat first)" "$(ruleset)"
killed_midway() {
	local i
	for i in {1..10}; do
		in_client timeout -s KILL "0.0$((i * 9 % 10 + 1))" "$NETPALE" apply -q -f large.yml &&
			return 1
	done
	:
}
check 'nobody notices an apply that is killed' undisturbed 1 killed_midway
check 'the next one works' netpale apply -f policy.yml
check 'and leaves nothing behind' same "$(cat first)" "$(ruleset)"
