# shellcheck shell=bash disable=SC2154  # of lib.sh
# What the two devcontainer tests share: the example as it stands, in a network of the test's.

# example NAME LINE...: a copy whose policy has these allow lines, and whose container is in $net.
example() {
	local from=$repository/docker/$1/.devcontainer to=$work/project/.devcontainer

	shift
	mkdir -p "$to"
	cp "$from/Dockerfile" "$to"
	policy "$@"
	cp "$work/policy.yml" "$to"
	grep -v '^[[:space:]]*//' "$from/devcontainer.json" | jq --arg net "$net" '
		.runArgs += ["--network=" + $net] | .build.options = ["--network=host"]
		' >"$to/devcontainer.json"
}

cli() {
	local verb=$1

	shift
	devcontainer "$verb" --workspace-folder "$work/project" --id-label "$label" \
		--id-label "$part" "$@" 2>"$work/cli.log"
}

up() { cli up --buildkit never; }

part=netpale-part=devcontainer
container() { docker ps -q --filter "label=$label" --filter "label=$part"; }

# The image that the CLI built goes with its container.
clean_more() {
	local found built

	[ "$1" = 0 ] || tail -n 20 "$work/cli.log" >&2
	found=$(docker ps -aq --filter "label=$label" --filter "label=$part")
	[ -n "$found" ] || return 0
	built=$(docker inspect -f '{{.Config.Image}}' "$found")
	docker rm -f -v "$found"
	docker rmi "$built" "${built%-uid}"
} >/dev/null
