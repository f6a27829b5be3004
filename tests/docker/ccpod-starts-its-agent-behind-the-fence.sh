#!/bin/bash
# docker/ccpod, on an image that keeps ccpod's contract: its variables, its mounts, the order of its
# steps. ccpod's host side is played here, word for word as it starts a container.
. "$(dirname "$0")/lib.sh"

contract=$(image_of ccpod-contract)
ccpod=ghcr.io/yorch/ccpod:$id fenced=netpale-ccpod:$id
# shellcheck disable=SC2317  # called at the end
clean_more() { gone; docker rmi "$fenced" "$ccpod"; } >/dev/null 2>&1
docker tag "$contract" "$ccpod"
docker build -q -t "$fenced" --build-arg VERSION="$id" "$repository/docker/ccpod" >"$work/build.log" 2>&1 ||
	fail "building docker/ccpod: $(tail -n 3 "$work/build.log")"

net=$(network net)
for name in web plugins other; do
	server "$net" $name 80 8080
done

# home: a new one, where the agent logs in anew and installs from hosts that the policy may not allow.
home() {
	rm -rf "$work"/{workspace,config,credentials,plugins,state}
	mkdir -p "$work"/{workspace,config,credentials,plugins,state}
	echo '{"was": "there"}' >"$work/credentials/.credentials.json"
	echo 'id -u >/ccpod/plugins/init; probe web:80 other:80 >>/ccpod/plugins/init' >"$work/config/post-init.sh"
	cat >"$work/workspace/task" <<'TASK'
cat ~/.claude/.credentials.json
echo '{"is": "new"}' >~/.claude/.credentials.json
echo '{"account": 1}' >~/.claude.json
id -u
grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\t' | xargs
probe web:80 web:8080 other:80
echo "arguments: $*"
exit 7
TASK
	chown -R 1000 "$work/workspace"
}

# ccpod's container: MODE... as the host says it, then the image's arguments.
restricted=(--cap-add NET_ADMIN -e CCPOD_NETWORK_POLICY=restricted)
mounts=(-v "$work/workspace:/workspace:rw" -v "$work/config:/ccpod/config:ro"
	-v "$work/credentials:/ccpod/credentials:rw" -v "$work/plugins:/ccpod/plugins"
	-v "$work/state:/ccpod/state:rw" -v "$repository/docker/test/probe:/usr/local/bin/probe:ro")
options=(-w /workspace -e CCPOD_STATE=persistent -e 'CCPOD_PLUGINS_TO_INSTALL=one,two'
	--network "$net" "${mounts[@]}")
in_ccpod() { capture docker run --rm -i --label "$label" "${options[@]}" "$@" </dev/null; }
installed() { tr '\n' ' ' <"$work/plugins/$1"; }

home
in_ccpod "${restricted[@]}" -e CCPOD_ALLOWED_HOSTS=web:80,plugins "$fenced" claude --continue
equals 'the status is the agent'"'"'s' 7 "$status"
contains 'netpale says what it allows' 'netpale: restricted, 2 names' "$out"
contains 'the agent gets its arguments' 'arguments: --continue' "$out"
contains 'it is node, and finds its credentials' $'{"was": "there"}\n1000\n' "$out"
contains 'it has nothing left' 'CapEff:0000000000000000 NoNewPrivs:1 Seccomp:2' "$out"
contains 'it reaches what is allowed' 'web:80 reached' "$out"
contains 'a port that is not is refused at once' 'web:8080 refused at once' "$out"
contains 'another host is refused at once' 'other:80 refused at once' "$out"
equals 'its new credentials are given back' '{"is": "new"}{"account": 1}' \
	"$(cat "$work"/credentials/.cr* "$work"/credentials/.cl* | tr -d '\n')"
contains 'init commands run as node, and behind the fence' '1000 web:80 reached other:80 refused' \
	"$(installed init)"
equals 'plugins are installed from allowed hosts' 'plugins:80 reached ' "$(installed two)"

home
in_ccpod "${restricted[@]}" "$fenced"
equals 'with nothing allowed the agent starts, too' 7 "$status"
contains 'and nothing is reached' 'web:80 refused at once' "$out"
contains 'nor for plugins' 'plugins:80 refused' "$(installed one)"

home
in_ccpod "$fenced"
equals 'without a policy, and without NET_ADMIN, the agent starts' 7 "$status"
contains 'and reaches everybody' 'other:80 reached' "$out"
contains 'with no privilege all the same' 'CapEff:0000000000000000 NoNewPrivs:1 Seccomp:2' "$out"

# A project may set variables through ccpod.
home
in_ccpod "${restricted[@]}" -e NETPALE_POLICY=full -e NETPALE_ALLOW=other,web "$fenced"
contains 'what a project says to netpale is not heard' 'other:80 refused at once' "$out"
contains 'neither more nor less' 'web:80 refused at once' "$out"

# not_started WHAT STATUS SAID OPTION...
not_started() {
	home
	in_ccpod "${@:4}" "$fenced"
	equals "$1: nothing starts" "$2" "$status"
	contains "$1: it is said why" "$3" "$out"
	[ ! -e "$work/plugins/init" ] || fail "$1: an init command ran"
}
not_started 'a policy that ccpod does not know' 65 "not 'strict'" \
	--cap-add NET_ADMIN -e CCPOD_NETWORK_POLICY=strict
not_started 'restricted without NET_ADMIN' 77 '--cap-add NET_ADMIN' -e CCPOD_NETWORK_POLICY=restricted
not_started 'a wildcard' 65 'CCPOD_ALLOWED_HOSTS: dns: guarded needs somebody who stays' \
	"${restricted[@]}" -e 'CCPOD_ALLOWED_HOSTS=web,*.example.com'
not_started 'a bad port' 65 "'x' is not a port" "${restricted[@]}" -e CCPOD_ALLOWED_HOSTS=web:x
capture docker run --rm --label "$label" --cap-add NET_ADMIN "$fenced"
equals 'without any variable of ccpod nothing starts' 65 "$status"

# ccpod shell
home
capture docker run --rm -i --label "$label" "${options[@]}" "${restricted[@]}" -e CCPOD_SHELL_MODE=1 \
	-e CCPOD_ALLOWED_HOSTS=web "$fenced" /bin/bash <<<'id -u; probe web:80 other:80; exit 9'
equals 'a shell ends with its own status' 9 "$status"
contains 'a shell is fenced' $'1000\nweb:80 reached\nother:80 refused at once' "$out"

# ccpod down, or Ctrl-C
home
echo 'echo "{}" >~/.claude/.credentials.json; echo started; exec python3 -c "import signal; signal.pause()"' \
	>"$work/workspace/task"
start stopped "${options[@]}" "${restricted[@]}" "$fenced"
await 20 'the agent runs' said "$id-stopped" started
docker stop -t 10 "$id-stopped" >/dev/null
equals 'a signal ends the agent' 143 "$(docker inspect -f '{{.State.ExitCode}}' "$id-stopped")"
equals 'and its credentials are given back' '{}' "$(cat "$work/credentials/.credentials.json")"

# What ports publish.
echo 'echo started; exec python3 -m http.server 3000' >"$work/workspace/task"
start closed "${options[@]}" "${restricted[@]}" --network-alias closed "$fenced"
sed 's/inbound: deny/inbound: [3000]/' "$repository/docker/ccpod/beside-ccpod.yml" >"$work/beside.yml"
start opened "${options[@]}" "${restricted[@]}" --network-alias opened \
	-v "$work/beside.yml:/etc/netpale/beside-ccpod.yml:ro" "$fenced"
visits() { docker exec "$id-other" probe "$1:3000"; }
# shellcheck disable=SC2317  # called through await
visited() { visits "$1" | grep -F reached; }
await 20 'its page is up' said "$id-closed" started
await 20 'a port that the image opens is reached' visited opened
contains 'any other is refused' 'closed:3000 refused at once' "$(visits closed)"

capture docker exec "$id-closed" netpale exec -- sh -c 'id -u; probe other:80'
contains 'a shell beside it that gives up first is fenced, too' $'1000\nother:80 refused at once' "$out"
