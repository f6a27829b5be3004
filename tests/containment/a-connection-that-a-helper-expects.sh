#!/bin/bash
# | a data connection that conntrack expects of an allowed one: FTP's PASV outwards, PORT inwards, with a helper as old kernels give each flow | arrives | refused | what is related passes, but nothing that was expected |
. "${0%/*}/lib.sh"

CONTROL=$ALLOWED OPEN=6928 BACK=6929 # 27 * 256 + 16 and 17
start_echo $CONTROL $OPEN
# The helper looks at lines that come behind others.
cat >ftp <<-'END'
	printf '220 ready\r\n'
	while read -r line; do
		case $line in
		PASV*) printf '227 Entering Passive Mode (198,51,100,10,27,16).\r\n' ;;
		*) printf '200 yes\r\n' ;;
		esac
	done
END
start tcp $CONTROL 21 socat "TCP-LISTEN:21,bind=$CONTROL,fork,reuseaddr" EXEC:"$BASH ftp"
assigned() { # to each flow, as net.netfilter.nf_conntrack_helper did
	in_client nft -f - <<-'END'
		table inet assigned {
			ct helper of_old { type "ftp" protocol tcp; }
			chain outward { type filter hook output priority -150; tcp dport 21 ct helper set "of_old"; }
		}
	END
}
assigned || skip 'this kernel has no FTP helper'
in_client "$PEERS/echo" 192.0.2.2 $BACK &

# The agent asks for a connection; once the helper has seen what it may see, somebody tries.
session() { # LINE COMMAND...
	local line=$1 status=0
	shift
	: >asked
	chmod 666 asked
	mkfifo over
	exec {over}<>over
	# shellcheck disable=SC2016 # the agent's shell expands it
	as_agent "$BASH" -c 'exec 3<>/dev/tcp/$0/21 && read -r -t 2 _ <&3 || exit
		for line in "USER anonymous" "$1"; do
			printf "%s\r\n" "$line" >&3 && read -r -t 2 said <&3 || exit
		done; echo "$said" >asked; read -r -t 5 _ <over' $CONTROL "$line" {over}>&- &
	busywait 3000 says asked '^2' && "$@" || status=$?
	echo >&"$over"
	wait $! || :
	exec {over}>&-
	rm over
	return $status
}
outwards() { session PASV as_agent "$PEERS/probe" open tcp $CONTROL $OPEN 1000; }
inwards() { session 'PORT 192,0,2,2,27,17' socat -u /dev/null TCP:192.0.2.2:$BACK,bind=$CONTROL,connect-timeout=1; }

check 'unfenced: the data connection opens' outwards
check 'unfenced: so does the one that comes back' inwards
in_client nft 'table inet strict { chain outward { type filter hook output priority 0; policy drop
	ct state established,related accept; tcp dport 21 accept; }; chain inward { type filter hook input priority 0; policy drop
	ct state established,related accept; }; }'
check 'a fence that lets pass what is related: the data connection opens' outwards
check 'and the one that comes back' inwards
in_client nft delete table inet strict
for stance in resolvers pinned; do
	policy <<<"allow: [ '$CONTROL:21/tcp' ]"
	stance $stance
	check "$stance: the fence goes up" in_client "$NETPALE" apply -q -f /run/etc/policy.yml
	check "$stance: nothing is expected outwards" not outwards
	check "$stance: nor inwards" not inwards
done
