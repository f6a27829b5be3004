# shellcheck shell=bash disable=SC2154  # of lib.sh
# What the tests of the Feature share: docker/feature in a project, and a `docker` for the dev containers'
# command line that builds without a network and leaves nothing behind that is not labelled.
. "$tests/devcontainer.bash"

mkdir -p "$work/bin"
cat >"$work/bin/docker" <<DOCKER
#!/bin/bash
case \$1 in
build) set -- build --force-rm --network none --label "$label" "\${@:2}" ;;
run) set -- run --label "$label" \${NETWORK:+--network "\$NETWORK"} "\${@:2}" ;;
esac
exec $(command -v docker) "\$@"
DOCKER
chmod +x "$work/bin/docker"

# with_docker COMMAND...: one at a time, since the command line keeps what it gives to a build in an image
# that has one name for all.
with_docker() {
	local status=0

	flock 8
	PATH=$work/bin:$PATH "$@" 8>&- || status=$?
	flock -u 8
	return "$status"
} 8>"$repository/build/docker-tests/feature.lock"

up() { with_docker cli up --buildkit never; }

# project OPTIONS [FILTER]: the example with these options, JSON; FILTER is jq's, of the whole file.
project() {
	local project=$work/project

	mkdir -p "$project"
	cd "$repository" || return
	docker/feature/pack "$project/.devcontainer/netpale"
	jq --argjson options "$1" --arg image "$image" --arg net "$net" "del(.build) | .image = \$image |
		.features[\"./netpale\"] = \$options | .runArgs += [\"--network=\" + \$net] | ${2:-.}" \
		docker/feature/devcontainer.json >"$project/.devcontainer/devcontainer.json"
}

# another: a Feature beside it, whose entrypoint is slow, comes first unless told otherwise.
another() {
	local to=$work/project/.devcontainer/another

	mkdir -p "$to"
	echo '{"id": "another", "version": "1.0.0", "entrypoint": "sleep 2"}' >"$to/devcontainer-feature.json"
	printf '#!/bin/sh\n' >"$to/install.sh"
}

# An image goes after those that were built on it.
images() { docker images -q --filter "label=$label" | sort -u | xargs -r docker rmi -f; }
discard() {
	docker ps -aq --filter "label=$label" --filter "label=$part" | xargs -r docker rm -f -v
	images || images || images
} >/dev/null 2>&1

clean_more() {
	[ "$1" = 0 ] || [ ! -e "$work/cli.log" ] || tail -n 20 "$work/cli.log" >&2
	docker ps -aq --filter "label=$label" | xargs -r docker rm -f -v >/dev/null
	discard
}
