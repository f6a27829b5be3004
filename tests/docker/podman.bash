# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # lib.sh sets what this reads, and others what it sets
# Podman in a container that has a way to nobody but two hosts of the test, which have private addresses.
# Podman's own network has documentation addresses, and two hosts more.
outside=$(network outside)
server "$outside" near 80
server "$outside" far 80

# start_podman USER: with what a machine lets its users do, and a container does not.
start_podman() {
	who=$1 home=$([ "$1" = root ] && echo /root || echo /home/you)
	start podman --init --network "$outside" --cap-add SYS_ADMIN --cap-add SYS_PTRACE --cap-add NET_ADMIN \
		--security-opt seccomp=unconfined --security-opt apparmor=unconfined \
		--security-opt systempaths=unconfined --device /dev/net/tun \
		-v "$repository/docker/run-agent:/usr/local/bin/run-agent:ro" "$(image_of podman)"
	docker exec "$id-podman" sh -c "chmod 666 /dev/net/tun; install -d -o you -g you /run/you /home/you
		install -d -o you -g you $home/project"
	inside 'tar -C /agent -c . | podman import -q --change "ENTRYPOINT [\"netpale\", \"run\", \"--\"]" \
			--change "ENV PATH=/bin" --change "WORKDIR /workspace" - netpale-claude
		for host in web other; do
			podman run -d --name $host --entrypoint httpd netpale-claude -f -h /etc
		done' >"$work/podman.log" || fail "podman: $(cat "$work/podman.log")"
	web=$(at_pods web)
	other=$(at_pods other)
	inside "printf 'network: {allow: [\"%s:80/tcp\"]}\n' $web >policy.yml; printf '%s\n' $web $other >hosts"
}

# inside COMMANDS: of the shell of $who, in the project. asks: into $out and $status.
inside() {
	docker exec -i -u "$who" -e HOME="$home" -e XDG_RUNTIME_DIR=/run/you "$id-podman" \
		bash -euc "cd $home/project; $1" 2>&1 </dev/null
}
asks() { capture inside "$1"; }
at_pods() { inside "podman inspect -f '{{.NetworkSettings.Networks.podman.IPAddress}}' $1" | tail -n 1; }

# agent_of WHAT: what the agent that ran last has told of itself.
agent_of() {
	echo "$out"
	equals "$1: its status" 0 "$status"
	contains "$1: nobody of note" $'\n1000\nCapInh:0000000000000000 CapPrm:0000000000000000 CapEff:0000000000000000 CapBnd:0000000000000000 CapAmb:0000000000000000 NoNewPrivs:1 Seccomp:2' "${out//$'\r'/}"
	equals "$1: what it makes is the workspace's owner's" 1000 "$(inside 'stat -c %u made; rm made')"
}

# reaches WHAT: the one host of this policy, and not the other.
reaches() {
	contains "$1: what is allowed is reached" "$web reached" "$out"
	contains "$1: nothing else is" "$other not" "$out"
}

# The rest is the same for root and others.

# Without a fence both hosts answer; it is the fence that refuses.
both_answer() {
	asks 'podman run --rm -v "$PWD:/workspace" --entrypoint claude netpale-claude; rm -f made'
	contains 'without a fence both are reached' "$web reached"$'\n'"$other reached" "$out"
}

verify_finds_nothing() {
	asks 'podman run -d --name stays --cap-add NET_ADMIN --cap-drop NET_RAW \
			--security-opt no-new-privileges -e NETPALE_ALLOW=192.0.2.1 netpale-claude sleep 1000
		until podman logs stays 2>&1 | grep restricted; do sleep 0.1; done
		podman exec -u 0 stays netpale verify --json; podman exec stays netpale exec -- id -u; podman rm -f -t 0 stays'
	contains 'netpale verify finds nothing' '"findings":[]' "$out"
	contains 'and has looked at everything' '"unchecked":[]' "$out"
	contains 'a shell more is fenced, too' $'\n1000\n' "$out"
}

# aardvark-dns answers on the network's gateway, which is the host.
names_are_guarded() {
	asks 'podman network create --internal named >/dev/null
		podman run -d --network named --name db --entrypoint httpd netpale-claude -f -h /etc >/dev/null
		podman run -d --network named --name third --entrypoint httpd netpale-claude -f -h /etc >/dev/null
		podman run --rm --network named --cap-add NET_ADMIN -e NETPALE_DNS=guarded -e NETPALE_ALLOW=db:80 \
			netpale-claude sh -c "wget -q -O- http://db/passwd; wget -q -O- http://third/passwd || echo no third"'
	contains 'guarded: a container is reached by its name' 'agent:x:1000' "$out"
	contains 'guarded: another has none' "bad address 'third'" "$out"
	contains 'guarded: to the end' 'no third' "$out"
}

without_net_admin() {
	asks 'podman run --rm -e NETPALE_ALLOW=192.0.2.1 netpale-claude claude'
	equals 'without NET_ADMIN no agent starts' 125 "$status"
	contains 'and it says why' '--cap-add NET_ADMIN' "$out"
}

run_agent() {
	asks 'run-agent policy.yml -- claude'
	agent_of run-agent
	contains 'run-agent: proves it' 'verified: fence, other tables, refused destination, capabilities, engine socket' "$out"
	reaches run-agent
	asks 'run-agent -- sh -c "exit 9"; '
	equals 'run-agent ends as the agent ends' 9 "$status"
	equals 'run-agent leaves no container' '' "$(inside 'podman ps -aq --filter name=run-agent')"
}

# lan_by NETWORK: a private address that the policy names is open, with run-agent it is not.
lan_by() {
	local near

	near=$(address near)
	asks "echo $near >hosts; printf 'network: {allow: [\"%s:80/tcp\"]}\n' $near >policy.yml
		podman run --rm --network $1 --cap-add NET_ADMIN -v \$PWD/policy.yml:/etc/netpale/policy.yml:ro \\
			netpale-claude sh -c 'wget -q -O- http://$near/passwd && echo near; wget -q -O- http://$(address far)/passwd || echo not far'"
	contains "by $1: a host outside is reached" $'\nnear\n' "$out"
	contains "by $1: another is not" 'not far' "$out"
	asks "run-agent --network $1 policy.yml -- claude"
	agent_of "run-agent by $1"
	contains "run-agent by $1: neither is that host" "$near not" "$out"
}
