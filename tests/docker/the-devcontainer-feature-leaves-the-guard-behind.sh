#!/bin/bash
# docker/feature with dns: guarded: the entrypoint returns and the guard stays. When that ends nothing new
# opens, and the entrypoint brings another.
. "$(dirname "$0")/lib.sh"
. "$tests/feature.bash"

net=$(network net)
server "$net" web 80
server "$net" later 80
server "$net" other 80
another
project '{"allow": "web:80, later:80", "presets": "", "dns": "guarded", "user": "agent"}' \
	'.features["./another"] = {} | .overrideFeatureInstallOrder = ["./netpale"]'
capture up
contains 'devcontainer up succeeds' '"outcome":"success"' "$out"
contains 'its entrypoint can be the first' $'15\n/usr/local/share/netpale/entrypoint\nsleep 2\n' \
	"$(docker inspect -f '{{index .Config.Cmd 1}}' "$(container)")"

as_agent() { capture docker exec -u agent "$(container)" "$@"; }
tries() { as_agent bash -c "exec 3<>/dev/tcp/$1/80 && echo open"; }
as_root() { capture docker exec "$(container)" "$@"; }
tries web
contains 'the allowed host is reached' open "$out"
tries other
contains 'another does not exist' 'Name or service not known' "$out"
tries "$(address other)"
contains 'its address is refused' 'Connection refused' "$out"
as_agent netpale log
contains 'what was refused is told' 'name refused' "$out"
as_root sh -c 'pgrep -x netpale | wc -l'
equals 'the guard and its forwarder run' 2 "$out"

as_root pkill -9 -x netpale
gone_guard() { ! docker exec "$(container)" pgrep -x netpale; }
await 20 'the guard is gone' gone_guard
tries later
lacks 'without the guard nothing new opens' open "$out"
tries "$(address other)"
contains 'what was refused is refused' 'Connection refused' "$out"
as_root netpale verify
equals 'the fence stands' 0 "$status"

as_agent /usr/local/share/netpale/entrypoint
equals 'the agent may not start another' 77 "$status"
restarts() {
	docker exec -u root "$(container)" /usr/local/share/netpale/entrypoint
}
capture restarts
equals 'root may start another' 0 "$status"
tries later
contains 'and what is allowed opens again' open "$out"
tries other
contains 'nothing else does' 'Name or service not known' "$out"
before=$(docker exec "$(container)" cat /run/netpale/start.log)
capture restarts
equals 'while one runs, it stays' 0 "$status"
equals 'nobody tries to take its place' "$before" "$(docker exec "$(container)" cat /run/netpale/start.log)"
as_root sh -c 'pgrep -x netpale | wc -l'
equals 'and there is no second' 2 "$out"
as_agent netpale verify
equals 'netpale verify finds nothing' 0 "$status"

# The fence belongs to the guard, where the kernel knows that: whoever has the privilege cannot take it
# down by accident.
as_root nft list table inet netpale
[[ $out != *owner* ]] || {
	as_root nft flush ruleset
	as_root netpale verify
	equals 'root flushes all tables, and the fence stands' 0 "$status"
}
