#!/bin/bash
# The guard in a container of its own: not even root in the agent's container, which has no capability,
# finds another DNS or changes the fence, and when the guard is gone names are gone, too.
. "$(dirname "$0")/lib.sh"
. "$tests/dns.bash"

dns=guarded
# Not --internal, where newer engines send nothing on; it is only our server that is asked.
net=$(network net --driver bridge)
server "$net" web 80
server "$net" other 80
dns_server dns "$net" "$(at web "$net")"
policy '{host: "*.cdn.example.test", ports: [80], private: true}'

# The guard is not PID 1 here, so that its end is not that of the container.
start fence --network "$net" --dns "$(at dns "$net")" --cap-drop ALL --cap-add NET_ADMIN \
	--cap-add SETUID --cap-add SETGID --cap-add SETPCAP --cap-add KILL \
	--security-opt no-new-privileges "${with_policy[@]}" --entrypoint sh "$image" \
	-c 'netpale guard & echo $! >/run/guard; wait; exec sleep infinity'
await 20 'the fence stands' said "$id-fence" 'dns guarded'
docker run -d --label "$label" --name "$id-agent" --network "container:$id-fence" --cap-drop ALL \
	-v "$tests/attacks:/attacks:ro" --entrypoint sleep "$image" infinity >/dev/null
inside() { docker exec -u root "$id-agent" "$@" 2>&1; }
probes() { inside probe "$@"; }

contains 'the allowed name is reached' 'a.cdn.example.test:80 reached' "$(probes a.cdn.example.test:80)"
contains 'another does not exist' 'secret.example.test:80 unknown' "$(probes secret.example.test:80)"
for server in 127.0.0.11 "$(at dns "$net")" "$(at other "$net")"; do
	never "asked by root, $server" "$server"
done
equals "Docker's resolver is closed at its own ports" 'none none none none' \
	"$(for table in udp tcp; do asks 127.0.0.11 "$(port fence $table)" b.cdn.example.test A; done | xargs)"
equals 'nothing else was heard' a.cdn.example.test "$(heard dns)"

# Its files and processes are its own. What sockets it may open is for Docker's seccomp filter to say.
got=$(inside /attacks "$(at other "$net")")
echo "$got"
contains 'the attacks ran to their end' 'the end' "$got"
equals 'no attack worked' '' "$(sed -n 's/: WORKED$//p' <<<"$got" |
	grep -vxE 'memory of PID 1|the binary|AF_VSOCK|netlink netfilter|io_uring' || true)"
capture docker exec "$id-fence" netpale verify
equals 'the fence is as it was' 0 "$status"

# The fence outlives its guard, learned addresses and all; names do not.
dead() { ! docker exec "$id-fence" sh -c 'kill -0 $(cat /run/guard)'; }
docker exec "$id-fence" sh -c 'kill -KILL $(cat /run/guard)'
await 20 'the guard is gone' dead
contains 'without its guard no name resolves' 'a.cdn.example.test:80 unknown' "$(probes a.cdn.example.test:80)"
equals 'whomever root asks' 'none none none none' \
	"$(for server in 127.0.0.11 "$(at dns "$net")"; do asks "$server" 53 c.cdn.example.test A; done | xargs)"
contains 'and another address is refused' 'refused at once ECONNREFUSED' "$(probes "$(at other "$net"):80")"
docker exec -d "$id-fence" netpale guard
await 20 'a new guard answers' docker exec "$id-agent" sh -c 'probe d.cdn.example.test:80 | grep reached'
contains 'and refuses' 'refused at once ECONNREFUSED' "$(probes "$(at other "$net"):80")"
equals 'still nothing else was heard' 'a.cdn.example.test d.cdn.example.test' "$(heard dns)"

# With its container Docker takes the network away. A new one is a new network.
docker kill "$id-fence" >/dev/null
lacks 'with the container dead nothing is reached' reached \
	"$(probes "$(at web "$net"):80" "$(at other "$net"):80")"
docker start "$id-fence" >/dev/null
docker restart -t 1 "$id-agent" >/dev/null
await 20 'the agent is behind a new fence' docker exec "$id-agent" sh -c 'probe a.cdn.example.test:80 | grep reached'
contains 'which refuses' 'refused at once ECONNREFUSED' "$(probes "$(at other "$net"):80")"
