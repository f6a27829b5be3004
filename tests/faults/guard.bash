# shellcheck shell=bash
# A guard at work, by tests/faults/syscalls/session.c. Sourced behind syscalls.bash.

guarded_names() { # FILE [ENTRY]
	{
		printf 'network:\n  dns: guarded\n  allow:\n    - 198.51.100.13\n    - 2001:db8:1::13\n'
		for i in {0..299}; do echo "    - { host: n$i.example.com, private: true }"; done
		[ $# = 1 ] || echo "    - $2"
	} >"$1"
}
mkdir -m 755 /run/etc # which the agent cannot write, or it would not be read again
guarded_names /run/etc/a
guarded_names /run/etc/b 203.0.113.11
for policy in a b; do
	no_fence
	netpale run -q -f /run/etc/$policy -- "$witness" "${REFUSED[@]}" | says /dev/stdin 'witness: held'
	keep_as $policy
done
no_fence
cp /run/etc/a /run/etc/policy.yml

# What the guard does, in the words of a shell: a question of the agent's, whose 1 is a hole, a reload of the
# other policy, the same by a signal, another forwarder.
cat >ask <<-END
	exec setpriv --reuid=1000 --regid=1000 --clear-groups --bounding-set=-all --inh-caps=-all -- \
		$(realpath "$PEERS/fault-ask") n\$((TURN % 300)).example.com ${REFUSED[*]} \$1
END
cat >turn <<-'END'
	if [ $((TURN % 2)) = 0 ]; then next=a; else next=b; fi
	cp /run/etc/$next /run/etc/new && mv /run/etc/new /run/etc/policy.yml
END
cat >reload <<-END
	. ./turn
	$NETPALE reload 2>/dev/null || result=9
	sh ./ask 50
	[ \$? != 1 ] || exit 1
	exit \${result-0}
END
cat >signal <<-END
	. ./turn
	kill -HUP \$GUARD 2>/dev/null
	$NETPALE status >/dev/null 2>&1 || result=9
	sh ./ask 50
	[ \$? != 1 ] || exit 1
	exit \${result-0}
END
cat >forward <<-'END'
	pkill -KILL -P $GUARD -u 64783
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		sh ./ask 500
		result=$?
		[ $result = 3 ] || break
	done
	exit $result
END
at_work() { # OPTION...
	in_client "$PEERS/fault-session" -c 'sh ./classify' -h 'sh ./ask 500' "$@" "${whole[@]}" \
		-a 'sh ./ask 500' -a 'sh ./reload' -a 'sh ./signal' -a 'sh ./forward' \
		-- "$NETPALE" guard -f /run/etc/policy.yml 2>&1 | tee counted
	check 'no failure, and no hole' test "${PIPESTATUS[0]}" = 0
}
