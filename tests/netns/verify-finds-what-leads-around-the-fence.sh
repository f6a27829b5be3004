#!/bin/bash
# What `verify` finds in the fence's surroundings: capabilities within reach of whoever enters, and a
# container engine's socket. Options as the documentation has them leave no finding.
. "${0%/*}/lib.sh"

finds_only() { # PATTERN COMMAND...: exit 1, one finding, and it says this
	local status=0
	in_client "${@:2}" "$NETPALE" verify >found || status=$?
	same 1 "$status" && same 1 "$(wc -l <found)" && says found "$1"
}
netpale apply -q --allow 198.51.100.10

check 'no-new-privileges leaves nothing in reach' in_client setpriv --no-new-privs "$NETPALE" verify
check 'NET_ADMIN' finds_only 'NET_ADMIN is in the bounding set .*no-new-privileges' \
	setpriv --bounding-set=-net_raw
check 'NET_RAW' finds_only 'NET_RAW is in the bounding set .*--cap-drop NET_RAW' \
	setpriv --bounding-set=-net_admin
check 'neither' in_client setpriv --bounding-set=-net_admin,-net_raw "$NETPALE" verify
both_as_json() {
	not in_client "$NETPALE" verify --json >found &&
		same 'NET_ADMIN in reach,NET_RAW in reach' "$(jq -r '[.findings[].kind] | join(",")' found)"
}
check 'both, as JSON' both_as_json

listens_at() { [ -S "$1" ]; }
for socket in /run/docker.sock /run/podman/podman.sock; do
	mkdir -p "${socket%/*}"
	socat UNIX-LISTEN:$socket - </dev/null &
	busywait 5000 listens_at $socket
	check "$socket" finds_only "${socket##*/} is mounted" setpriv --no-new-privs
	rm $socket
done
: >/run/docker.sock
check 'a file of that name is none' in_client setpriv --no-new-privs "$NETPALE" verify
rm /run/docker.sock

check 'without a fence' netpale apply -q --policy full
check 'nothing leads around it' in_client "$NETPALE" verify
