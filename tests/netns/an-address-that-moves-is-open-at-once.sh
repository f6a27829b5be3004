#!/bin/bash
# A name whose address changes with every answer: 200 times a client connects the moment its
# getaddrinfo() returns, and not once is it refused. What no answer gave stays closed.
. "${0%/*}/lib.sh"

addrs4=() addrs6=()
for host in 10 11 12 13 14 15 16 17 18 19; do
	addrs4+=("198.51.100.$host" "203.0.113.$host")
	addrs6+=("2001:db8:1::$host" "2001:db8:2::$host")
done
for addr in "${addrs4[@]}" "${addrs6[@]}"; do start_echo "$addr" 7; done
start_echo 198.51.100.53 7
start_echo 198.51.100.10 8
joined() { local IFS=,; echo "$*"; }
start udp 198.51.100.53 53 "$PEERS/dns" 198.51.100.53 53 quiet ttl=0 \
	"a=$(joined "${addrs4[@]}")" "aaaa=$(joined "${addrs6[@]}")"
cat >policy.yml <<-'END'
	network:
	  dns: guarded
	  allow:
	    - {host: moving.example.com, ports: [7], private: true}
END
start_guard -f policy.yml
for addr in "${addrs4[@]}" "${addrs6[@]}"; do
	check "before anybody asks $addr is closed" refused_fast tcp "$addr" 7
done
set -o pipefail
visits() { as_agent "$PEERS/visit" moving.example.com 7 200 | tee visited; }
check '200 visits, none refused' visits
check 'they met every address of both families' says visited ' 40 addresses'
check 'an address of no answer is still closed' refused_fast tcp 198.51.100.53 7
check 'only its ports are open' refused_fast tcp 198.51.100.10 8

check 'the agent too' in_client "$NETPALE" exec -- "$PEERS/visit" moving.example.com 7 200
stop_guard TERM
check 'with an agent of its own' in_client "$NETPALE" run -f policy.yml -- \
	"$PEERS/visit" moving.example.com 7 200
