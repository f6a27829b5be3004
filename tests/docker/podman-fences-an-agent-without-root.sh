#!/bin/bash
# Podman of somebody who is not root starts, fences, proves and ends an agent, on a network of bridges and by
# pasta, and docker/run-agent knows it.
# shellcheck disable=SC2016  # it is the other shell that expands it
. "$(dirname "$0")/lib.sh"
. "$tests/podman.bash"

start_podman you
both_answer

asks '
podman run -it --rm --userns keep-id --user 0:0 --cap-add NET_ADMIN --cap-drop NET_RAW \
	--security-opt no-new-privileges -v "$PWD:/workspace" \
	-v "$PWD/policy.yml:/etc/netpale/policy.yml:ro" netpale-claude claude
'
agent_of 'podman run'
reaches 'podman run'

verify_finds_nothing
names_are_guarded
without_net_admin
asks 'podman run --rm --network host --cap-add NET_ADMIN -e NETPALE_ALLOW=192.0.2.1 netpale-claude claude'
equals "the host's network is not in such hands" 125 "$status"
contains 'and it says so' 'CAP_NET_ADMIN is missing' "$out"
run_agent
lan_by pasta
