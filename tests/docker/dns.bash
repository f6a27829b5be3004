# shellcheck shell=bash disable=SC2154  # of lib.sh
# What the tests share that have a DNS server of their own, whose log is the witness.

at() { docker inspect -f "{{(index .NetworkSettings.Networks \"$2\").IPAddress}}" "$id-$1"; }

# dns_server NAME NETWORK ADDRESS: it gives ADDRESS to every name below example.test, so that what does
# not resolve is not its doing.
dns_server() {
	start "$1" --network "$2" --entrypoint dnsmasq "$image" --keep-in-foreground --no-resolv \
		--no-hosts --log-facility=- --log-queries --address="/example.test/$3"
	await 20 'the DNS server answers' said "$id-$1" started
}

# heard NAME: what it was asked for, each name once.
heard() {
	docker logs "$id-$1" 2>&1 | sed -n 's/.*query\[[A-Z]*\] \([^ ]*\) from.*/\1/p' |
		tr '[:upper:]' '[:lower:]' | sort -u | xargs
}

# asks SERVER PORT NAME TYPE...: for each type the status of the reply, or "none", by
# UDP and by TCP. inside() says where.
asks() {
	# shellcheck disable=SC2016  # the shell inside expands it
	inside sh -c 'server=$1 port=$2 name=$3; shift 3
		for type; do for protocol in +notcp +tcp; do
			dig +tries=1 +time=3 $protocol "$name" "@$server" -p "$port" "$type" |
				sed -n "s/.*status: \([A-Z]*\),.*/\1/p" | grep . || echo none
		done; done' - "$@" | xargs
}

# never WHAT SERVER: does not know a name that is not allowed, whatever the type.
never() {
	equals "$1 does not know another name" "$(yes NXDOMAIN | head -n 12 | xargs)" \
		"$(asks "$2" 53 secret.example.test A AAAA TXT ANY HTTPS NULL)"
}

# port CONTAINER udp|tcp: where Docker's resolver listens, which is another for each container.
port() {
	echo $((16#$(docker exec "$id-$1" \
		sed -n 's/^ *[0-9]*: 0B00007F:\([0-9A-F]*\) 00000000:0000 .*/\1/p' "/proc/net/$2")))
}
