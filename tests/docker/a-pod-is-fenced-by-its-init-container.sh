#!/bin/bash
# docker/kubernetes/apply.yml with plain Docker: an init container, with no more than its securityContext,
# fences the agent's container, which starts when it has ended, and stays fenced.
. "$(dirname "$0")/lib.sh"
. "$tests/dns.bash"
. "$tests/pod.bash"

net=$(network net --driver bridge)
services "$net"
pod_of docker/kubernetes/apply.yml "$net" "$(at dns "$net")"

needs_what_it_adds fence
begin fence netpale:dev
equals 'it ends well' 0 "$(docker wait "$id-fence")"
begin agent "$image"
reaches_the_service
contains 'another is refused' 'refused at once ECONNREFUSED' "$(probes database:8080)"
powerless
serves

begin agent "$image"
contains 'a new agent is behind the same fence' 'refused at once ECONNREFUSED' "$(probes database:8080)"
contains 'which lets out what it did' 'api:8080 reached' "$(probes api:8080)"

# A policy with a fault: the pod would not start, and what stands, stands.
sed -i 's/8080/80800/' "$work/volumes/policy/..1/policy.yml"
begin fence netpale:dev
equals 'a policy with a fault is no success' 65 "$(docker wait "$id-fence")"
contains 'and the fence stays as it was' 'api:8080 reached' "$(probes api:8080)"
contains 'closed to others' 'refused at once ECONNREFUSED' "$(probes database:8080)"
