#!/bin/bash
# Podman as root starts, fences, proves and ends an agent as Docker does, and docker/run-agent knows it.
# shellcheck disable=SC2016  # it is the other shell that expands it
. "$(dirname "$0")/lib.sh"
. "$tests/podman.bash"

start_podman root
both_answer

asks '
podman run -it --rm --cap-add NET_ADMIN --cap-drop NET_RAW --security-opt no-new-privileges \
	-v "$PWD:/workspace" -v "$PWD/policy.yml:/etc/netpale/policy.yml:ro" netpale-claude claude
'
agent_of 'podman run'
reaches 'podman run'

verify_finds_nothing
names_are_guarded
without_net_admin
run_agent
lan_by podman
