#!/bin/bash
# Where the agent asks resolvers itself, what they answer is logged, whole and to whoever reads the packet
# log, so that a refused address has a name. It changes nothing for the agent.
. "${0%/*}/lib.sh"

mkfifo stop
start_reader() {
	(exec nsenter --net=/run/netns/client -- "$PEERS/packets" 4321 <stop >reader.log 2>&1) &
	exec {stop}>stop
	busywait 5000 says reader.log ready
}
stop_reader() {
	exec {stop}>&-
	busywait 5000 says reader.log '^lost 0$'
}
logged() { busywait 2000 says reader.log "$1" || { cat reader.log; return 1; }; } # PATTERN
resolves() { # NAME [SERVER]: as the agent, by UDP
	says <(as_agent dig +short +tries=1 +time=2 "@${2-198.51.100.53}" "$1" 2>&1) '^198\.51\.100\.10$'
}
answer_from() { # ADDR TO: between 50 and 100 bytes of DNS
	logged "^answer in $1 $2 17 ports 53 [0-9]+ carries ([5-9][0-9]|100)\$"
}

start_dns 198.51.100.53 <<<'198.51.100.10 www.example.com'
# As Docker does it: at 127.0.0.11, but on another port, where NAT leads to.
(exec nsenter --net=/run/netns/client -- dnsmasq --conf-file=/dev/null --keep-in-foreground --pid-file \
	--user=root --no-resolv --no-hosts --bind-interfaces --listen-address=127.0.0.11 --port=30053 \
	--host-record=www.example.com,198.51.100.10 >docker.log 2>&1) &
docker_listens() { in_client ss -Hlnu | grep -F 127.0.0.11:30053; }
busywait 5000 docker_listens || { cat docker.log; exit 1; }
in_client nft -f - <<'END'
table ip docker {
	chain output {
		type nat hook output priority -100
		ip daddr 127.0.0.11 udp dport 53 dnat to 127.0.0.11:30053
	}
}
END

check 'the fence goes up' netpale apply --allow 198.51.100.11
check 'without a reader a name resolves' resolves www.example.com
check 'a reader comes' start_reader
check 'with one, too' resolves www.example.com
check 'and the answer is logged' answer_from 198\.51\.100\.53 192\.0\.2\.2
printf 'nameserver 198.51.100.53\nnameserver 127.0.0.11\n' >resolv.conf
check 'the fence goes up once more' netpale apply --allow 198.51.100.11
check "Docker's resolver answers" resolves www.example.com 127.0.0.11
check 'and is logged as what it seems' answer_from 127\.0\.0\.11 127\.0\.0\.1
seen=$(wc -l <reader.log)
dig -b 192.0.2.1#53 -p 4000 +tries=1 +time=1 @192.0.2.2 unasked.example >/dev/null || :
check 'what nobody asked for is refused' logged '^in 192\.0\.2\.1 192\.0\.2\.2 17 ports 53 4000'
refute 'and is no answer' says <(tail -n "+$((seen + 1))" reader.log) '^answer'
check 'the reader goes' stop_reader
check 'nobody misses it' resolves www.example.com

for other in '--dns pinned' '--policy none'; do
	# shellcheck disable=SC2086
	netpale apply $other --allow 198.51.100.11
	refute "$other: no answer, no rule" says <(in_client nft list table inet netpale) 'netpale answer'
done
netpale apply --dns pinned --policy audit
check 'pinned in audit: names are asked for, and learned' \
	says <(in_client nft list table inet netpale) 'netpale answer'
