#!/bin/bash
# | writing, linking, replacing what netpale has in /run/netpale, its policy, its binary, hosts and resolv.conf | done by root | refused | root's files and directories |
# | /run/netpale that was the agent's before: its own, for everybody, a link, a file, a FIFO | a state that says there is no fence | not used | state: a directory of root's alone |
# | a project's file exchanged while netpale reads it: with a link to root's, a FIFO, a device | root reads it | read with the agent's eyes, or refused | source: fsuid, O_NOFOLLOW, O_NONBLOCK |
# | escape sequences in a program's name, on root's terminal by netpale log | printed by who prints names | escaped | log |
. "${0%/*}/lib.sh"
use_static
STANCES=(resolvers guarded)
start_echo 203.0.113.10 7
send="\"$PEERS/probe\" open udp 203.0.113.10 7 50"

# What is there.
stance guarded
for file in run/netpale/{refused.jsonl,refused.old.jsonl,status.json,state.json,entries,answers,fence,lock} \
	run/etc/policy.yml etc/hosts etc/resolv.conf; do
	echo ": >>/$file"
	echo "cp /$file copy && cp copy /$file"
	[[ $file = etc/* ]] || echo "mv /$file /$file.other && mv /$file.other /$file"
	[[ $file != run/netpale/* ]] || echo "ln -s /$file /$file.link && rm /$file.link"
done >doors
cat >>doors <<-'END'
	: >/run/netpale/new && rm /run/netpale/new
	mv /run/netpale /run/other && mv /run/other /run/netpale
	chmod 755 /run/netpale
END
fenced true
check 'root writes there' open_to doors in_client
echo "test -r /run/netpale/lock" >>doors
echo "test -S /run/netpale/control && python3 -c 'import socket
socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect(\"/run/netpale/control\")'" | tr '\n' ';' >>doors
shut_in_each_stance 'what netpale has' doors

# Before the first start. What lies there says that there is no fence. As if root had written it: the agent
# can move such files here.
forge() {
	echo '{"version":1,"mode":"full","fenced":false,"canary":[]}' >/run/netpale/state.json
	cp /run/netpale/state.json /run/netpale/status.json
	touch /run/netpale/{fence,entries,answers,refused.jsonl}
	find -H /run/netpale -type f -exec touch -d @0 {} +
}
declare -A before=(
	[its own]='install -d -o 1000 -m 755 /run/netpale'
	[for everybody]='install -d -m 777 /run/netpale; chmod 777 /run/netpale'
	[a link]='install -d -o 1000 -m 755 /run/agents; ln -s agents /run/netpale'
	[a file]='install -o 1000 -m 644 /dev/null /run/netpale'
	[a FIFO]='mkfifo -m 666 /run/netpale'
)
for stance in "${STANCES[@]}"; do
	stance "$stance"
	for what in "${!before[@]}"; do
		no_fence
		rm -rf /run/netpale /run/agents
		eval "${before[$what]}"
		[ ! -d /run/netpale ] || forge
		refute "$stance, $what: where no fence is, exec starts nobody" \
			timeout 10 nsenter --net=/run/netns/client "$NETPALE" exec -q -- true
		check "$stance, $what: nothing leaves" stays_in fenced "$BASH" -c "$send"
		check "$stance, $what: there is a fence" says <(ruleset) 'policy drop'
		check "$stance, $what: nothing was written" same '' \
			"$(find -H /run/netpale -mindepth 1 -type f -newermt @0 2>&1)"
		for verb in status log verify suggest 'explain 203.0.113.10:7'; do
			# shellcheck disable=SC2086
			timeout 10 nsenter --net=/run/netns/client "$NETPALE" $verb >said 2>&1 || echo "$?"
		done >statuses
		check "$stance, $what: no verb waits for it" not says statuses '^(124|137)$'
	done
done
rm -rf /run/netpale /run/agents
no_fence

# The project's, while it is read: root's file would open the host.
install -d -o 1000 project
install -m 600 /dev/null root.yml
echo 'network: { allow: [ 203.0.113.10 ], policy: restricted }' >root.yml
cd project
setpriv --reuid=1000 --regid=1000 --clear-groups "$BASH" -c '
	while :; do
		echo >.own && mv .own .ccpod.yml
		ln -s ../root.yml .link && mv .link .ccpod.yml
		mkfifo .fifo && mv .fifo .ccpod.yml
		ln -s /dev/zero .link && mv .link .ccpod.yml
	done' &
swapping=$!
stance resolvers
for _ in {1..60}; do
	timeout 10 nsenter --net=/run/netns/client "$NETPALE" apply -q -f /run/etc/policy.yml >>"$WORK/said.raced" 2>&1 ||
		echo "ended with $?" >>"$WORK/said.raced"
	in_client nft list table inet netpale 2>/dev/null | grep -F 203.0.113.10 >>"$WORK/opened" || :
done
kill $swapping
wait $swapping 2>/dev/null || :
cd ..
check 'both came: a link and its own file' says said.raced 'symbolic link'
check 'no link was followed' test ! -s opened
check 'nothing was waited for' not says said.raced 'ended with (124|137)'
# The control: whoever follows links reads it.
rm -f project/.ccpod.yml
check "root's eyes would" in_client env NETPALE_USER=0 "$NETPALE" apply -q -f /run/etc/policy.yml --project root.yml
check 'and open the host' says <(in_client nft list table inet netpale) '203\.0\.113\.10'
no_fence

# A name that clears the screen, of who asks for what it must not.
stance guarded
name=$'\e[2J\e]0;x\a'
cp "$PEERS/visit" "$name"
fenced "./$name" packages.example 443 1 >/dev/null 2>&1 || :
check 'who prints the name prints that' fenced "$BASH" -c "\"$WORK/$name\" packages.example 443 1 &
	grep -F $'\e' <(for _ in {1..50}; do cat /proc/\$!/comm; done)"
in_client "$NETPALE" log >listed
check 'the log knows of it' says listed 'packages\.example'
check 'and by whom' says listed '2J'
refute 'no escape gets to the terminal' grep -F $'\e' listed
refute 'nor by --json' grep -F $'\e' <(in_client "$NETPALE" log --json)
