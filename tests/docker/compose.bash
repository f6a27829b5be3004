# shellcheck shell=bash disable=SC2154  # of lib.sh; $example is a directory with a compose.yml
# What the tests of compose files share: the example, with what $work/inside.yml says besides.

compose() { docker-compose -p "$id" -f "$example/compose.yml" -f "$work/inside.yml" "$@"; }

# "docker compose" as people type it is docker-compose here, and there is no terminal.
docker() {
	if [ "$1" != compose ]; then
		command docker "$@"
	elif [ "$2" = exec ]; then
		compose exec -T "${@:3}"
	else
		compose "${@:2}"
	fi
}

# typed: what the README says to type, types(), with a shell at its end that says who it is.
# shellcheck disable=SC2317  # called through await
typed() {
	# shellcheck disable=SC2016  # that shell expands it
	capture types <<<'echo "uid $(id -u)"'
	[[ $status = 0 && $out == *'uid 1000'* ]]
}

# shellcheck disable=SC2317  # called at the end
clean_more() {
	[ "$1" = 0 ] || compose logs --no-color
	compose down -v -t 1 --rmi local >"$work/down.log" 2>&1
}

address_of() {
	docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$(compose ps -q "$1")"
}
