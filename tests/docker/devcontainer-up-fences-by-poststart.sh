#!/bin/bash
# docker/devcontainer-poststart: sudo netpale apply raises the fence, and is all that sudo does.
. "$(dirname "$0")/lib.sh"
. "$tests/devcontainer.bash"

net=$(network net)
server "$net" web 80
server "$net" other 80
example devcontainer-poststart web:80

capture up
contains 'devcontainer up succeeds' '"outcome":"success"' "$out"
# shellcheck disable=SC2016
contains 'it waited for the fence' postStartCommand \
	"$(jq -r .waitFor "$work/project/.devcontainer/devcontainer.json")"

capture docker exec -u agent "$(container)" netpale exec -- netpale verify
equals 'the agent finds the fence' 0 "$status"
capture docker exec -u agent "$(container)" netpale verify
equals 'but for what sudo needs' 1 "$status"
contains 'which is said' 'NET_ADMIN is in the bounding set' "$out"

tries() { capture cli exec bash -c "exec 3<>/dev/tcp/$1/80 && echo open"; }
tries web
contains 'a terminal reaches the allowed host' open "$out"
tries other
lacks 'a terminal does not reach another' open "$out"
contains 'it is refused' 'Connection refused' "$out$(cat "$work/cli.log")"

before=$(docker exec "$(container)" netpale plan)
# as_agent COMMAND...: what the agent may try with sudo.
as_agent() { capture docker exec -u agent -e NETPALE_ALLOW=other:80 -e NETPALE_POLICY=full "$(container)" "$@"; }
as_agent sudo -n netpale apply
equals 'the agent may apply again' 0 "$status"
tries other
lacks 'which opens nothing, whatever the environment says' open "$out"
for words in 'apply --allow other:80' 'apply --policy full' 'run -- id' 'exec -- id' version; do
	# shellcheck disable=SC2086  # words
	as_agent sudo -n netpale $words
	[ "$status" != 0 ] || fail "the agent may sudo netpale $words"
	echo "ok: sudo refuses netpale $words"
done
as_agent sudo -n id
[ "$status" != 0 ] || fail 'the agent may sudo id'
echo 'ok: sudo refuses everything else'
as_agent sudo -n NETPALE_POLICY=full netpale apply
tries other
lacks 'a variable given to sudo opens nothing' open "$out"
equals 'the plan is as it was' "$before" "$(docker exec "$(container)" netpale plan)"

docker restart -t 1 "$(container)" >/dev/null
capture up
contains 'a second devcontainer up succeeds' '"outcome":"success"' "$out"
tries other
lacks 'a restarted container is fenced again' open "$out"

docker rm -f "$(container)" >/dev/null
example devcontainer-poststart web:99999
capture up
lacks 'with a broken policy devcontainer up fails' '"outcome":"success"' "$out"
