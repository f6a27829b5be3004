#!/bin/sh
# What ccpod documents of its entrypoint, step by step: root makes the home ready, node's commands and
# plugins come next, then the network, then the command.
set -e
home=/home/node
settings=$home/.claude
export HOME=$home

make_home() {
	mkdir -p "$settings" /ccpod/plugins
	[ ! -d /ccpod/config ] || cp -R /ccpod/config/. "$settings"
	[ ! -e /ccpod/credentials/.credentials.json ] ||
		cp /ccpod/credentials/.credentials.json "$settings"
	[ ! -e /ccpod/credentials/.claude.json ] || cp /ccpod/credentials/.claude.json $home
	ln -sfn /ccpod/plugins "$settings/plugins"
	for part in projects todos statsig; do
		mkdir -p "/ccpod/state/$part"
		ln -sfn "/ccpod/state/$part" "$settings/$part"
	done
	chown -R node:node $home /ccpod/plugins /ccpod/state /ccpod/credentials
}

give_back() {
	cp "$settings/.credentials.json" $home/.claude.json /ccpod/credentials/ 2>/dev/null || true
}

make_home
[ ! -e /ccpod/config/post-init.sh ] || gosu node sh /ccpod/config/post-init.sh
echo "$CCPOD_PLUGINS_TO_INSTALL" | tr , '\n' | while read -r plugin; do
	[ -z "$plugin" ] || gosu node claude plugin install "$plugin" || true
done

# Two fences would cut each other.
if [ "$CCPOD_NETWORK_POLICY" = restricted ]; then
	echo 'the stand-in raises a firewall of its own' >&2
	exit 1
fi

[ "$CCPOD_SHELL_MODE" != 1 ] || exec gosu node "$@"
gosu node "$@" &
command=$!
trap 'kill -TERM $command' TERM INT HUP
status=0
wait $command || status=$?
give_back
exit "$status"
