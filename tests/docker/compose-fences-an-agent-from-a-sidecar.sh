#!/bin/bash
# docker/sidecar as it stands, but in a network without a way out.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/compose.bash"

example=$repository/docker/sidecar
# Its policy as a copy that can change.
cp "$example/policy.yml" "$work/policy.yml"
cat >"$work/inside.yml" <<YAML
networks: {default: {internal: true}}
services:
  fence: {volumes: ["$work/policy.yml:/etc/netpale/policy.yml:ro"]}
  agent: {build: {network: host}}
  api: {build: {network: host}}
  database: {build: {network: host}}
YAML

# What the README says to type.
types() {
	docker compose up -d
	docker compose exec agent bash
}
await 30 'what the README says leads to a shell as the agent' typed
# The agent runs, so the fence was healthy: now what it was healthy about.
capture compose exec -T fence /netpale verify
equals 'netpale verify finds the fence' 0 "$status"

# Another table in that network, of whoever may add one.
fence=$(compose ps -q fence)
as_root() { docker run --rm -i --label "$label" --network "container:$fence" --cap-add NET_ADMIN \
	--entrypoint nft "$image" "$@"; }
as_root -f - <<'NFT'
table ip around { chain late { type filter hook postrouting priority 0; ip daddr set 192.0.2.1; }; }
NFT
await 20 'it is unhealthy when another table rewrites' health "$fence" unhealthy
capture compose exec -T fence /netpale verify
equals 'netpale verify says which' 'table ip around, chain late (postrouting, priority 0): rewrites packets after the fence let them pass: ip daddr set 192.0.2.1' "$out"
as_root delete table ip around
await 20 'and healthy without it' health "$fence" healthy

# tries USER HOST PORT: bash itself connects, so that the image needs no client.
tries() { capture compose exec -T -u "$1" agent bash -c "exec 3<>/dev/tcp/$2/$3 && echo open"; }
# shellcheck disable=SC2317
up() { compose exec -T "$1" bash -c "exec 3<>/dev/tcp/localhost/$2"; }
await 20 'the api answers at home' up api 8080
await 20 'the database answers at home' up database 5432
database=$(address_of database)
for user in agent root; do
	tries $user api 8080
	contains "the api is reached as $user" open "$out"
	tries $user database 5432
	contains "the database does not exist as $user" 'Name or service not known' "$out"
	tries $user "$database" 5432
	contains "its address is refused as $user" 'Connection refused' "$out"
done
capture compose exec -T fence /netpale status
contains 'netpale status knows what is open' "api " "$out"

# The fence follows its file.
cp "$work/policy.yml" "$work/before.yml"
sed 's/api:8080/database:5432/' "$work/before.yml" >"$work/policy.yml"
capture compose exec -T fence /netpale reload
equals 'netpale reload succeeds' 0 "$status"
tries agent database 5432
contains 'what the file allows now is reached' open "$out"
tries agent api 8080
contains 'what it no longer allows does not exist' 'Name or service not known' "$out"
cat "$work/before.yml" >"$work/policy.yml"
api_again() { tries agent api 8080 && [[ $out == *open* ]]; }
await 20 'a change is seen without being told, too' api_again
capture compose exec -T -u root agent grep -E '^Cap(Eff|Bnd)' /proc/self/status
equals 'root in the agent'"'"'s container has no capability' 0 "$(grep -vc 0000000000000000 <<<"$out" || true)"

# Without its fence the agent is left with loopback, not with the network.
compose kill fence >"$work/kill.log" 2>&1
tries agent api 8080
lacks 'with the sidecar dead nothing is reached' open "$out"
compose up -d >"$work/up.log" 2>&1 || fail "up again: $(tail -n 5 "$work/up.log")"
compose restart -t 1 agent >"$work/restart.log" 2>&1
await 20 'the agent is back behind a new fence' compose exec -T agent bash -c 'exec 3<>/dev/tcp/api/8080'
tries agent database 5432
contains 'and the database does not exist again' 'Name or service not known' "$out"

# A fence that does not stand is not healthy, and then no agent starts.
compose down -t 1 >"$work/down.log" 2>&1
printf 'services: {fence: {environment: {NETPALE_ALLOW: "not a host:99999"}}}\n' >"$work/broken.yml"
capture compose -f "$work/broken.yml" up -d
[ "$status" != 0 ] || fail 'a broken policy: up succeeded'
equals 'with a broken policy the agent does not start' '' "$(compose ps -q --status running agent)"
