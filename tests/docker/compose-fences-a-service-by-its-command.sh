#!/bin/bash
# docker/compose as it stands, but in a network without a way out.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/compose.bash"

example=$repository/docker/compose
cat >"$work/inside.yml" <<'YAML'
networks: {default: {internal: true}}
services:
  agent: {build: {network: host}, healthcheck: {interval: 1s}}
  api: {build: {network: host}}
  database: {build: {network: host}}
YAML

# What the README says to type.
types() {
	docker compose up -d
	docker compose exec agent netpale exec -- bash
}
await 30 'what the README says leads to a shell as the agent' typed
# shellcheck disable=SC2317  # called through await
logged() { compose logs --no-color agent 2>&1 | grep -F "$1"; }
await 20 'the agent is fenced' logged 'netpale: restricted'

# tries SERVICE PORT: bash itself connects, so that the image needs no client.
tries() { capture compose exec -T agent netpale exec -- bash -c "exec 3<>/dev/tcp/$1/$2 && echo open"; }
# shellcheck disable=SC2317
up() { compose exec -T "$1" bash -c "exec 3<>/dev/tcp/localhost/$2"; }
await 20 'the api answers at home' up api 8080
await 20 'the database answers at home' up database 5432
tries api 8080
contains 'the api is reached' open "$out"
tries database 5432
contains 'the database does not exist' 'Name or service not known' "$out"
tries "$(address_of database)" 5432
contains 'its address is refused' 'Connection refused' "$out"

# shellcheck disable=SC2016  # the shell inside expands it
capture compose exec -T agent netpale exec -- sh -c 'id -u
	for p in /proc/[0-9]*; do ! grep -qx sleep "$p/comm" || grep CapEff "$p/status"; done'
contains 'a shell is the agent' 1000 "$out"
contains 'the agent has no capability' 0000000000000000 "$out"
capture compose exec -T agent netpale verify
equals 'netpale verify finds the fence' 0 "$status"
await 20 'Docker finds it healthy' health "$(compose ps -q agent)" healthy
capture compose exec -T agent netpale verify --json
contains 'netpale verify looked at the fence' '"findings":[],"more":0,"checked":["fence","other tables"' "$out"

# Root of another container in that network takes it away. Who guards a fence lets nobody do that.
as_root() { docker run --rm --label "$label" --network "container:$(compose ps -q agent)" \
	--cap-add NET_ADMIN --entrypoint nft "$image" "$@"; }
capture as_root delete table inet netpale
[ "$status" != 0 ] || fail 'the table of a guard was taken away'
cat >"$work/plain.yml" <<'YAML'
services: {agent: {environment: {NETPALE_DNS: resolvers}}}
YAML
compose -f "$example/entrypoint.yml" -f "$work/plain.yml" up -d agent >"$work/up.log" 2>&1 || fail "up again: $(tail -n 5 "$work/up.log")"
await 20 'without a guard it is healthy, too' health "$(compose ps -q agent)" healthy
equals 'netpale as the entrypoint: the command is the agent' '[netpale run --] [sleep infinity]' \
	"$(docker inspect -f '{{.Config.Entrypoint}} {{.Config.Cmd}}' "$(compose ps -q agent)")"
as_root delete table inet netpale
await 20 'without its fence it is not' health "$(compose ps -q agent)" unhealthy
capture compose exec -T agent netpale verify
contains 'netpale verify says why' 'the fence is gone: there is no table inet netpale' "$out"
