# shellcheck shell=bash disable=SC2034  # used by the scripts that read this
# What the docker tests share: unique names, an image with netpale in it, hosts that answer,
# and a clean end. Everything a test starts carries the label $label and goes away with it.
#
# A container sends only inside networks made with --internal, or to containers of its own test.
set -euo pipefail
shopt -s inherit_errexit
export DOCKER_BUILDKIT=0

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
repository=$(cd "$tests/../.." && pwd -P)
id=np$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
label=netpale-test=$id
# A directory that the engine sees too, unlike /tmp.
work=$repository/build/docker-tests/$id
mkdir -p "$work"
chmod 755 "$work"

fail() {
	echo "FAILED: $*" >&2
	[ -z "${out-}" ] || printf 'What was captured last:\n%s\n' "$out" >&2
	exit 1
}

skip() {
	[ "${NO_SKIP:-0}" = 0 ] || fail "skips are forbidden: $*"
	echo "SKIPPED: $*" >&2
	exit 77
}

# A container that is on its way out by itself still holds its network for a moment.
gone() {
	docker ps -aq --filter "label=$label" | xargs -r docker rm -f -v
	docker network ls -q --filter "label=$label" | xargs -r docker network rm
}

clean() {
	local status=$?

	set +e
	! declare -F clean_more >/dev/null || clean_more "$status"
	for _ in {1..50}; do
		! gone >/dev/null 2>&1 || break
		sleep 0.1
	done
	rm -rf "$work"
	exit "$status"
}
trap clean EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

# equals WHAT WANTED GOT
equals() {
	[ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"
	echo "ok: $1"
}

# contains WHAT WANTED TEXT
contains() {
	[[ "$3" == *"$2"* ]] || fail "$1: '$2' is not in '$3'"
	echo "ok: $1"
}

# lacks WHAT UNWANTED TEXT
lacks() {
	[[ "$3" != *"$2"* ]] || fail "$1: '$2' is in '$3'"
	echo "ok: $1"
}

# capture COMMAND...: what it says into $out, how it ends into $status.
capture() {
	status=0
	out=$("$@" 2>&1) || status=$?
}

# await SECONDS WHAT COMMAND...: until the command succeeds.
await() {
	local deadline=$((SECONDS + $1)) what=$2

	shift 2
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || fail "$what: not in time"
		sleep 0.05
	done
}

# health CONTAINER STATE: is it what Docker says of its health check?
health() { [ "$(docker inspect -f '{{.State.Health.Status}}' "$1")" = "$2" ]; }

said() { docker logs "$1" 2>&1 | grep -F -e "$2" >/dev/null; }

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

# An image of docker/NAME, or of tests/docker/images/NAME, as it is now, by a tag of its hash; built once,
# by one of us. One that takes nothing of netpale outlives a change of netpale.
image_of() {
	local name=$1 from=$repository/docker/$1 image hash

	[ -e "$from/Dockerfile" ] || from=$tests/images/$name
	hash=$({
		! grep -q netpale:dev "$from/Dockerfile" || docker image inspect -f '{{.Id}}' netpale:dev
		find "$from" -type f | sort | xargs sha256sum
	} | sha256sum | cut -c 1-12)
	image=netpale-$name:$hash
	{
		flock 9
		docker image inspect "$image" || docker build -q --network host -t "$image" "$from"
	} >"$work/build.log" 2>&1 9>"$repository/build/docker-tests/$name.lock" ||
		fail "building $image: $(tail -n 3 "$work/build.log")"
	echo "$image"
}

image=$(image_of test)

# network NAME [OPTION...]: without a way out, unless the options say otherwise.
network() {
	local name=$1

	shift
	[ $# -gt 0 ] || set -- --internal
	docker network create --label "$label" "$@" "$id-$name" >/dev/null
	echo "$id-$name"
}

# start NAME [OPTION...] IMAGE [ARG...]: docker run in the background.
start() {
	local name=$1

	shift
	docker run -d --label "$label" --name "$id-$name" --hostname "$name" "$@" >/dev/null
}

# server NETWORK NAME PORT...: a host on the network that answers on these ports.
server() {
	local net=$1 name=$2

	shift 2
	start "$name" --network "$net" --network-alias "$name" --entrypoint stub "$image" "$@"
	await 20 "$name answers" said "$id-$name" listening
}

# policy LINE...: a restricted policy with these allow lines, and with $dns if that is set, to be
# mounted by $with_policy.
policy() {
	{
		printf 'network:\n  policy: restricted\n  allow:\n'
		printf '    - %s\n' "$@"
		[ -z "${dns-}" ] || echo "  dns: $dns"
	} >"$work/policy.yml"
	with_policy=(-v "$work/policy.yml:/etc/netpale/policy.yml:ro")
}

# What a fenced container is given, as the documentation says.
privileges=(--cap-add NET_ADMIN --cap-drop NET_RAW)

# fenced [OPTION...] [IMAGE] ARG...: docker run with a fence, to its end. Its standard input is
# empty.
fenced() {
	docker run --rm --label "$label" "${privileges[@]}" "${with_policy[@]}" "$@" </dev/null
}

address() { docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$id-$1"; }

# The ruleset of a running container, netpale's own table left out (others) or only it (fence),
# without what it counts.
others() {
	docker exec -u root "$1" nft -s list ruleset 2>/dev/null |
		awk '/^table/ { skip = $0 ~ / inet netpale / } !skip'
}
fence() {
	docker exec -u root "$1" nft -s list table inet netpale |
		awk '/set refused/ { skip = 1 } !skip; /}$/ && /^\t}/ { skip = 0 }'
}
