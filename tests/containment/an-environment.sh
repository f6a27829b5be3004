#!/bin/bash
# | LD_PRELOAD, LD_AUDIT, LD_LIBRARY_PATH, GCONV_PATH and the like in the environment that netpale starts in | code of the agent's runs as root | no such file is opened | the static binary |
# | another policy, told to netpale by the agent: flags, NETPALE_ and CCPOD_ variables, its own /run/netpale, another name | in force, told by root | refused | nothing of netpale is setuid; only NET_ADMIN changes the fence |
. "${0%/*}/lib.sh"
use_static
STANCES=(resolvers guarded)

# Each variable leads into a directory of the agent's. Only what netpale itself opens is looked at: its
# agent is netpale again, which prints a version.
install -d -o 1000 -m 755 evil
evil=$WORK/evil
variables=(LD_PRELOAD="$evil/preload" LD_AUDIT="$evil/audit" LD_LIBRARY_PATH="$evil" LD_BIND_NOW=1
	LD_PROFILE="$evil/profile" LD_DEBUG=all LD_DEBUG_OUTPUT="$evil/debug" GCONV_PATH="$evil/gconv"
	LOCPATH="$evil/locale" LC_ALL=en_XX.UTF-8 LANGUAGE=xx NLSPATH="$evil/nls" HOSTALIASES="$evil/aliases"
	LOCALDOMAIN=evil.example RES_OPTIONS=ndots:15 RESOLV_HOST_CONF="$evil/host.conf"
	CARES_SERVERS=203.0.113.10 TERM="$evil/term" TERMINFO="$evil/terminfo" HOME="$evil" TMPDIR="$evil"
	MALLOC_TRACE="$evil/trace" GLIBC_TUNABLES=glibc.malloc.check=3 ASAN_OPTIONS=log_path="$evil/asan")
opened() { # COMMAND...: of what lies there
	in_client strace -f -qq -e trace=%file -o trace "${variables[@]/#/-E}" "$@" >attempt.log 2>&1 || :
	grep -v execve trace | grep -o "\"$evil/[^\"]*" | sort -u
}
follows() { # PATH COMMAND...
	says <(opened "${@:2}") "$1"
}
follows_not() { # COMMAND...
	same '' "$(opened "$@")" && says trace '^[0-9]+ +execve.* = 0$'
}
check 'a dynamic program follows LD_PRELOAD' follows "$evil/preload" true
check 'and LD_AUDIT' follows "$evil/audit" true
check 'and LD_LIBRARY_PATH' follows "$evil/libc" true
check 'and LOCPATH' follows "$evil/locale" date
check 'and GCONV_PATH' follows "$evil/gconv" iconv -f UTF-8 -t KOI8-R /dev/null
echo '  - name.example:443' >>/run/etc/policy
for stance in "${STANCES[@]}"; do
	stance "$stance"
	check "$stance: run follows none" follows_not \
		"$NETPALE" run -f /run/etc/policy.yml --resolve-timeout 1 -- "$NETPALE" version
	check "$stance: nor does what it runs" says attempt.log '^netpale [0-9]'
	for verb in "exec -- $NETPALE version" status log suggest verify 'explain name.example:443' check; do
		# shellcheck disable=SC2086
		check "$stance: nor does ${verb%% *}" follows_not "$NETPALE" $verb
	done
	no_fence
done
sed -i '/name\.example/d' /run/etc/policy

# The agent's own words to netpale.
install -d /run/root-etc /etc/netpale
printf 'network:\n  policy: audit\n' >evil/policy.yml
printf 'network:\n  allow: [ %s ]\n' "$ALLOWED" >/run/root-etc/policy.yml
mount --bind /run/root-etc /etc/netpale
for words in '-f evil/policy.yml' '--policy audit' '--allow 203.0.113.10'; do
	echo "$NETPALE apply -q $words"
	echo "$NETPALE run -q $words -- true"
done >doors
for variable in NETPALE_POLICY=audit NETPALE_ALLOW=203.0.113.10 NETPALE_PROFILE=evil/policy.yml \
	CCPOD_NETWORK_POLICY=audit; do
	echo "$variable $NETPALE apply -q"
done >>doors
check 'root decides what is in force' open_to doors in_client
sed "p; s|^|SUDO_UID=0 |p; s|^SUDO_UID=0 |unshare --user --map-root-user env |" doors >all-doors
cat >>all-doors <<-END
	$NETPALE reload
	timeout 5 $NETPALE guard -q -f evil/policy.yml
	$NETPALE exec -q -- nft flush ruleset
	$NETPALE exec -q -u root --allow-root -- true
	$NETPALE exec -q -u 64783 -- true
	$NETPALE forwarder
	exec -a forwarder $NETPALE forwarder 3<>/dev/null
	exec -a '' $NETPALE apply -q
END
shut_in_each_stance 'words of the agent' all-doors
