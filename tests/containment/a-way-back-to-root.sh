#!/bin/bash
# | sudo, su, a setuid program, capabilities of a file, inherited and ambient ones: to nft | change the ruleset | refused | no_new_privs, the empty bounding set |
# | root regained: mounts, namespaces, modules, bpf, devices, kernel settings, interfaces | done | refused | no_new_privs, the empty bounding set |
# | root of a user namespace: the same | refused by the kernel: it owns nothing here | refused | the kernel |
. "${0%/*}/lib.sh"
use_static
STANCES=(resolvers guarded) # given up by PID 1 itself, and by the child of a guard

printf 'root::0:0::/root:/bin/sh\nagent::1000:1000::/:/bin/sh\n' >passwd
printf 'root:x:0:\nagent:x:1000:\n' >group
printf 'root ALL=(ALL) ALL\nagent ALL=(ALL) NOPASSWD: ALL\n' >sudoers
chmod 440 sudoers
for file in passwd group sudoers; do mount --bind "$file" "/etc/$file"; done
echo "127.0.0.1 $(uname -n)" >>hosts
cp "$(command -v nft)" nft-capable
setcap cap_net_admin+ep nft-capable
cp "$(command -v nft)" nft-inheriting
setcap cap_net_admin+ei nft-inheriting
# nft itself ends when it is setuid, so the setuid copy is of what starts it.
cp "$(command -v setpriv)" as-root
chmod 4755 as-root
as_root='./as-root --reuid=0 --regid=0 --clear-groups --'

# Somebody of whom nothing was taken: a shell of `docker exec` in a container with these capabilities.
bare() { # COMMAND...
	in_client setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=+net_admin \
		--ambient-caps=+net_admin -- "$@"
}
# And whoever starts netpale has as much to give.
fenced() { # COMMAND...
	in_client setpriv --inh-caps=+net_admin --ambient-caps=+net_admin -- \
		unshare --pid --fork --kill-child --mount-proc -- \
		"$NETPALE" run -q -f /run/etc/policy.yml -- "$@"
}

for nft in nft 'sudo -n nft' "$as_root nft" ./nft-capable ./nft-inheriting "su -c 'exec nft \"\$@\"' root -- -"; do
	for attempt in 'add table inet netpale' 'list ruleset' 'add table inet netpale { flags dormant; }' \
		'delete table inet netpale' 'flush ruleset'; do
		echo "$nft '$attempt'"
	done
done >doors
check 'unfenced: sudo, su, setuid and capabilities lead to nft' open_to doors bare
shut_in_each_stance 'sudo, su, setuid and capabilities' doors

# What root itself cannot do here proves nothing.
for way in $("$PEERS/mighty"); do
	if in_client "$PEERS/mighty" "$way" >attempt.log 2>&1; then
		echo "$PEERS/mighty $way"
	else
		echo "root has no $way here: $(cat attempt.log)" >&2
	fi
done >ways
check 'there is much that root may' test "$(wc -l <ways)" -ge 15
echo "$BASH -c 'ip link add second link eth0 type macvlan && ip link delete second'" >>ways
sed "s|^|$as_root |" ways >doors
# Root without any capability still owns what the next start reads.
cp "$PEERS/mighty" mighty-as-root
chmod 4755 mighty-as-root
echo './mighty-as-root write-the-policy' >>doors
check 'unfenced: root regained may all of it' open_to doors bare
cat ways >>doors
# Of namespaces of its own such a root is master, and they lead nowhere.
start_echo 203.0.113.10 7
grep -vE ' (change-root|unshare-.*|join-own-network|rename-the-host|give-to-a-file)$' ways |
	sed 's|^|unshare --user --map-root-user |' >>doors
echo "unshare --user --map-root-user --net $PEERS/probe open tcp 203.0.113.10 7 100" >>doors
shut_in_each_stance 'what root may' doors
check 'the agent does make such namespaces' fenced unshare --user --map-root-user --net true
