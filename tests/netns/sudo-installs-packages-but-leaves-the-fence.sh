#!/bin/bash
# --allow-sudo: root for the files of the container, without what touches the fence.
. "${0%/*}/lib.sh"

start_http 198.51.100.10 80
start_http 198.51.100.11 80
printf 'root:x:0:0::/root:/bin/sh\nagent:x:1000:1000::/:/bin/sh\n' >passwd
printf 'root:x:0:\nagent:x:1000:\n' >group
printf 'root:*:19000::::::\nagent:*:19000::::::\n' >shadow
printf 'root ALL=(ALL) ALL\nagent ALL=(ALL) NOPASSWD: ALL\n' >sudoers
chmod 440 sudoers shadow
for file in passwd group shadow sudoers; do mount --bind "$file" "/etc/$file"; done
echo "127.0.0.1 $(uname -n)" >>hosts

mkdir fixed
cp "$NETPALE" fixed/netpale
echo 'network: { allow: [ 198.51.100.10 ] }' | tee policy.yml >fixed/policy.yml
NETPALE=$WORK/fixed/netpale
options=(-q -u agent --allow-sudo -f "$WORK/fixed/policy.yml")

refused() { # PATTERN COMMAND...
	local status=0
	"${@:2}" >said 2>&1 || status=$?
	same "$status" 125 && says said "$1" && not says said 'the agent ran'
}
run_agent() { netpale run "${options[@]}" -- "$@"; }
check 'a binary that root could write is refused' \
	refused 'fixed/netpale .*read-only' run_agent echo the agent ran
mount --bind fixed fixed
mount -o remount,bind,ro fixed
check 'a policy that root could write is refused' refused 'policy.yml .*read-only' \
	netpale run -q -u agent --allow-sudo -f "$WORK/policy.yml" -- echo the agent ran
by_name() { in_client env PATH="$WORK/fixed:$PATH" netpale run "${options[@]}" -- "$@"; }
check 'a name that PATH decides is refused' refused 'whole path' by_name echo the agent ran
check 'out of reach, it starts' run_agent true

# All but what the fence itself notes down of refused packets.
ruleset() { in_client nft --stateless list ruleset | sed '/set refused[46]/,/^\t}/d'; }
unchanged() { diff fence <(ruleset); }
ruleset >fence
as_root_of_files() { netpale exec -q -u agent --allow-sudo -- sudo "$@"; }
check 'sudo makes root' same "$(as_root_of_files id -u)" 0
check 'who installs a setuid program' as_root_of_files install -o root -m 4755 /bin/true "$WORK/new"
check 'and becomes another user' same "$(as_root_of_files setpriv --reuid=7 id -u)" 7
check 'and changes the root directory' as_root_of_files chroot / true
as_root_of_files cat /proc/self/status >status || :
check 'with nine capabilities' says status '^CapEff:[[:space:]]00000000200400fb$'

mkdir mnt
touch program
while read -r attempt; do
	# shellcheck disable=SC2086
	check "root does: $attempt" in_client sh -c "$attempt"
	refute "sudo does not: $attempt" as_root_of_files sh -c "$attempt"
done <<-END
	nft add table inet attempt && nft delete table inet attempt
	ip link set dev lo down && ip link set dev lo up
	mount -t tmpfs none $WORK/mnt && umount $WORK/mnt
	mknod $WORK/zero c 1 5 && rm $WORK/zero
	setcap cap_net_admin+ep $WORK/program && setcap -r $WORK/program
	unshare --net true
	mount -o remount,bind,rw $WORK/fixed && mount -o remount,bind,ro $WORK/fixed
	$PEERS/escape packet
	$PEERS/escape raw4
	$PEERS/escape mark
	$PEERS/escape trace-pid-1
	$PEERS/escape memory-of-pid-1
END
refute 'sudo does not change the policy' as_root_of_files sh -c "echo >>$WORK/fixed/policy.yml"
check 'the ruleset is what it was' unchanged
check 'root reaches what is allowed' \
	as_root_of_files "$PEERS/probe" open tcp 198.51.100.10 80 5000
check 'root is refused what is not' \
	as_root_of_files "$PEERS/probe" refused tcp 198.51.100.11 80 1000
