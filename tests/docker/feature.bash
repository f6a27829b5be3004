# shellcheck shell=bash disable=SC2154  # of lib.sh
# What the tests of the Feature share: docker/feature in a project, in a network of the test's.
. "$tests/devcontainer.bash"

# The command line keeps what it gives to a build in an image of one name, whoever runs it.
up() {
	flock 8
	cli up --buildkit never
	flock -u 8
} 8>"$repository/build/docker-tests/feature.lock"

# project OPTIONS [FILTER]: the example with these options, JSON, as the page says; FILTER is jq's, of the
# whole file.
project() {
	local to=$work/project/.devcontainer

	mkdir -p "$to"
	"$repository/docker/feature/pack" "$to/netpale"
	jq --argjson options "$1" --arg image "$image" --arg net "$net" "del(.build) | .image = \$image |
		.features[\"./netpale\"] = \$options | .runArgs += [\"--network=\" + \$net] | ${2:-.}" \
		"$repository/docker/feature/devcontainer.json" >"$to/devcontainer.json"
}
