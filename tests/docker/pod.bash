# shellcheck shell=bash disable=SC2154  # of lib.sh
# A manifest's pod with plain Docker: containers of a common network, which one that only sleeps holds, and
# each with exactly what its securityContext gives it. No cluster is here; what only a kubelet does, is not
# tried.

# pod_of MANIFEST NETWORK DNS: reads it, and makes what is there before any container starts.
pod_of() {
	node "$tests/pod.mjs" "$repository/$1" "$work"
	printf 'nameserver %s\nsearch agents.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n' \
		"$3" >"$work/resolv.conf"
	start pod --network "$2" --cap-drop ALL --entrypoint sleep "$image" infinity
	address=$(at pod "$2")
}

# arguments NAME: the options of docker run, into $options.
arguments() {
	mapfile -t options <"$work/$1.args"
	mapfile -t command <"$work/$1.command"
	options+=(--network "container:$id-pod" -v "$work/resolv.conf:/etc/resolv.conf:ro" --label "$label")
}

# begin NAME IMAGE: starts one of its containers, a fresh one each time, as the kubelet does.
begin() {
	arguments "$1"
	docker rm -f "$id-$1" >/dev/null 2>&1 || true
	docker run -d --name "$id-$1" "${options[@]}" "$2" "${command[@]}" >/dev/null
}

# added NAME: the capabilities that the manifest gives it.
added() { sed -n '/^--cap-add$/{n;p}' "$work/$1.args"; }

# without CAPABILITY NAME: what its container says and how it ends, had the manifest forgotten that.
without() {
	local kept=() i

	arguments "$2"
	for ((i = 0; i < ${#options[@]}; i++)); do
		if [ "${options[i]}" = --cap-add ] && [ "${options[i + 1]}" = "$1" ]; then
			i=$((i + 1))
		else
			kept+=("${options[i]}")
		fi
	done
	capture timeout 20 docker run --rm "${kept[@]}" netpale:dev "${command[@]}"
}

# needs_what_it_adds NAME: each capability of the manifest is missed when it is not there.
needs_what_it_adds() {
	local capability

	for capability in $(added "$1"); do
		without "$capability" "$1"
		[ "$status" = 77 ] || fail "without $capability it is 77, not $status"
		contains "without $capability it says so" "$capability" "$out"
	done
}

# ready NAME: does its startup probe succeed?
ready() {
	mapfile -t probe <"$work/$1.probe"
	docker exec "$id-$1" "${probe[@]}"
}

inside() { docker exec "$id-agent" "$@" 2>&1; }
probes() { inside probe "$@"; }

# reaches_the_service: the one that the policy allows, at its port.
reaches_the_service() {
	local name

	for name in api.agents.svc.cluster.local api; do
		contains "the allowed Service is reached, as $name" "$name:8080 reached" "$(probes "$name:8080")"
	done
	contains 'at no other port' 'refused at once' "$(probes api:9090)"
}

# services NETWORK: a Service of the cluster that the policy allows, another, and their DNS.
services() {
	server "$1" api 8080 9090
	server "$1" database 8080
	start dns --network "$1" --entrypoint dnsmasq "$image" --keep-in-foreground --no-resolv --no-hosts \
		--log-facility=- --log-queries --address="/api.agents.svc.cluster.local/$(at api "$1")" \
		--address="/database.agents.svc.cluster.local/$(at database "$1")" --local=/cluster.local/
	await 20 'the DNS server answers' said "$id-dns" started
}

# powerless: the agent's container, whoever asks in it, can change nothing of the fence.
powerless() {
	local how

	equals 'the agent has no capability, and gets none' '0000000000000000 0000000000000000 1' \
		"$(inside sed -n 's/^\(CapEff\|CapBnd\|NoNewPrivs\):\t//p' /proc/self/status | sort -r | xargs | awk '{print $2, $3, $1}' )"
	for how in nft 'sudo nft' nft-setuid nft-caps; do
		# shellcheck disable=SC2086  # two words
		! inside $how flush ruleset >/dev/null || fail "$how took the fence down"
	done
	contains 'and the fence is as it was' 'refused at once ECONNREFUSED' "$(probes "$(at database "$net"):8080")"
}

# serves: whom the policy lets in, reaches the agent; nobody at another port.
serves() {
	docker exec -d "$id-agent" stub 3000 3001
	await 20 'the agent serves' docker exec "$id-agent" sh -c 'probe 127.0.0.1:3001 | grep reached'
	contains 'the port that the policy opens is reached' ":3000 reached" \
		"$(docker exec "$id-api" probe "$address:3000")"
	contains 'another is refused' ":3001 refused" "$(docker exec "$id-api" probe "$address:3001")"
}
