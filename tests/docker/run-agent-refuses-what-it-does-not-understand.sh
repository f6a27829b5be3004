#!/bin/bash
# shellcheck disable=SC2016  # it is the other shell that expands it
# docker/run-agent: a word that it does not understand is quoted, and starts nothing; nor does a workspace
# that would give away more than a project.
. "$(dirname "$0")/lib.sh"
. "$tests/run_agent.bash"

# never STATUS TEXT ARGUMENT...
never() {
	capture "$repository/docker/run-agent" --name "$id-agent" "${@:3}" </dev/null
	equals "${*:3}" "$1" "$status"
	contains 'it says why' "$2" "$out"
	contains 'and who says so' 'docker/run-agent: ' "$out"
}
never 64 'no --'
never 64 'no command' --
never 64 'no -- before' claude
never 64 "'claude' is one policy too many" policy.yml claude -- x
never 64 "'--priviledged' is no option" --priviledged -- x
never 64 "'-v' is no option" -v -- x
never 64 '--image wants a value' --image -- x
never 64 "'lxc'" --engine lxc -- x
never 64 "''" --image= -- x
never 64 "'-v/:/host'" --image -v/:/host -- x
never 64 "'host'" --network host -- x
never 64 "'container:other'" --network=container:other -- x
never 64 "'root'" --user root -- x
never 64 'root, as whom no agent runs' --user 0 -- x
never 64 'root, as whom no agent runs' --user 000:5 -- x
never 64 "'KEY=value'" --env KEY=value -- x
never 64 "'a"$'\n'"b'" --name "a"$'\n'"b" -- x
never 65 "'/nowhere.yml'" /nowhere.yml -- x
never 65 "'$work'" "$work" -- x
never 69 "'netpale-nowhere:none'" --image netpale-nowhere:none -- x
DOCKER_HOST=unix://$work/nobody never 69 'no engine answers' --engine docker -- x

# An engine that maps users.
mkdir "$work/bin"
printf '#!/bin/sh\ncase $1 in info) echo "[name=seccomp,profile=default name=rootless]" ;; esac\n' >"$work/bin/docker"
chmod 755 "$work/bin/docker"
PATH=$work/bin:$PATH never 69 'maps users' -- x

in_() { (cd "$1" && shift && never "$@"); }
in_ / 64 "'/' as workspace" -- x
export HOME=$work/home/me
mkdir -p "$HOME/project:1" "$HOME/run/deep"
in_ "$HOME" 64 "'$HOME' as workspace" -- x
in_ "$work/home" 64 "'$work/home' as workspace" -- x
ln -s home "$work/link"
in_ "$work/link" 64 "'$work/home' as workspace" -- x
in_ "$HOME/project:1" 64 colon -- x
in_ "$HOME/run" 64 'belongs to root' -- x
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$HOME/run/deep/docker.sock"
in_ "$HOME/run" 64 "'$HOME/run/deep/docker.sock' is an engine's socket" --user 1000 -- x
equals 'nothing was started' '' "$(left)"

capture "$repository/docker/run-agent" --help
equals 'its help is no fault' 0 "$status"
contains 'and names the options' '--engine docker|podman' "$out"
