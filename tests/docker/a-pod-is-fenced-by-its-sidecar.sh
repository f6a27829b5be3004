#!/bin/bash
# docker/kubernetes/guard.yml with plain Docker: its sidecar, with no more than its securityContext, fences
# the agent's container, before that starts and whatever happens to either; so, with exactly what it asks for.
. "$(dirname "$0")/lib.sh"
. "$tests/dns.bash"
. "$tests/pod.bash"

net=$(network net --driver bridge)
services "$net"
pod_of docker/kubernetes/guard.yml "$net" "$(at dns "$net")"

needs_what_it_adds fence

begin fence netpale:dev
await 20 'its startup probe succeeds' ready fence
begin agent "$image"
reaches_the_service
contains 'another does not exist' 'database:8080 unknown' "$(probes database:8080)"
contains 'and its address is refused' 'refused at once ECONNREFUSED' "$(probes "$(at database "$net"):8080")"
equals 'only the allowed one was asked for' api.agents.svc.cluster.local "$(heard dns)"
powerless
serves

ready fence || fail 'its probe finds something'
contains 'and tells what is open' api.agents.svc.cluster.local "$(docker exec "$id-fence" /netpale status)"

# shellcheck disable=SC2317
api_is_open() { probes api:8080 | grep reached; }
# shellcheck disable=SC2317
database_is_open() { probes database:8080 | grep reached; }

# Either is started anew, and is then another container with the same volumes.
begin agent "$image"
contains 'a new agent is behind the same fence' 'refused at once ECONNREFUSED' "$(probes "$(at database "$net"):8080")"
contains 'which lets out what it did' 'api:8080 reached' "$(probes api:8080)"
docker kill "$id-fence" >/dev/null
contains 'without the sidecar no name resolves' 'api:8080 unknown' "$(probes api:8080)"
contains 'and nothing else opens' 'refused at once ECONNREFUSED' "$(probes "$(at database "$net"):8080")"
begin fence netpale:dev
await 20 'a new sidecar is ready' ready fence
await 20 'names are back' api_is_open
contains 'and others do not exist' 'database:8080 unknown' "$(probes database:8080)"

# The kubelet changes a ConfigMap's files by moving one link, of a directory that anybody may write but for
# the mount.
mkdir "$work/volumes/policy/..2"
sed 's/api\.agents/database.agents/' "$work/volumes/policy/..1/policy.yml" >"$work/volumes/policy/..2/policy.yml"
ln -s ..2 "$work/volumes/policy/..new"
mv -T "$work/volumes/policy/..new" "$work/volumes/policy/..data"
await 20 'a change of the ConfigMap is followed' database_is_open
contains 'what it no longer allows does not exist' 'api:8080 unknown' "$(probes api:8080)"
