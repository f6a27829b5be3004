#!/bin/bash
# Every door to root's nft that a container may have, tried by the agent. Each is first shown to
# be open to the same user without the drop.
. "${0%/*}/lib.sh"

echo 'network: { allow: [ 198.51.100.10 ] }' >policy.yml
start_http 198.51.100.10 80
start_http 198.51.100.11 80

printf 'root:x:0:0::/root:/bin/sh\nagent:x:1000:1000::/:/bin/sh\n' >passwd
printf 'root:x:0:\nagent:x:1000:\n' >group
printf 'root ALL=(ALL) ALL\nagent ALL=(ALL) NOPASSWD: ALL\n' >sudoers
printf 'root:*:19000::::::\nagent:*:19000::::::\n' >shadow
chmod 440 sudoers shadow
for file in passwd group shadow sudoers; do mount --bind "$file" "/etc/$file"; done
echo "127.0.0.1 $(uname -n)" >>hosts
cp "$(command -v nft)" nft-capable
setcap cap_net_admin+ep nft-capable
# nft itself ends when it is setuid, so the setuid copy is of what starts it.
cp "$(command -v setpriv)" as-root
chmod 4755 as-root

as_user() { in_client setpriv --reuid=1000 --regid=1000 --clear-groups -- "$@"; }
as_fenced() { netpale exec -q -u agent -- "$@"; }
tables() { in_client nft list tables; }
# All but what the fence itself notes down of refused packets.
ruleset() { in_client nft --stateless list ruleset | sed '/set refused[46]/,/^\t}/d'; }
unchanged() { diff fence <(ruleset); }
doors=('sudo nft' './as-root --reuid=0 --regid=0 --clear-groups nft' ./nft-capable)

for door in "${doors[@]}"; do
	# shellcheck disable=SC2086
	as_user $door add table inet control
	check "without the drop, this adds a table: $door" same "$(tables)" 'table inet control'
	in_client nft delete table inet control
done
netpale run -q -u agent -f policy.yml -- true
ruleset >fence
check 'a fence stands' says <(tables) '^table inet netpale$'

for door in nft "${doors[@]}"; do
	for attempt in 'add table inet attempt' 'flush ruleset' 'delete table inet netpale' \
		'add table inet netpale { flags dormant; }' 'list ruleset'; do
		# shellcheck disable=SC2086
		refute "the agent does not: $door $attempt" as_fenced $door "$attempt"
	done
	check "the ruleset is what it was after: $door" unchanged
done
# A network namespace of its own has no wire; root of a user namespace is nobody in this network.
check 'the agent makes a network namespace' as_fenced \
	unshare --user --map-root-user --net ip link set lo up
refute 'and reaches nothing from there' as_fenced unshare --user --map-root-user --net \
	"$PEERS/probe" open tcp 198.51.100.10 80 100
check 'root makes a second wire' in_client ip link add second link eth0 type macvlan
in_client ip link delete second
refute 'the agent does not' as_fenced \
	unshare --user --map-root-user ip link add second link eth0 type macvlan
check 'the ruleset is what it was after: unshare' unchanged

check 'what is allowed is reached' as_fenced "$PEERS/probe" open tcp 198.51.100.10 80 5000
check 'what is not is refused' as_fenced "$PEERS/probe" refused tcp 198.51.100.11 80 1000
check 'a new start fences as before' as_fenced true
