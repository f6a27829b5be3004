#!/bin/bash
# A flow lives on when its address's time is up, over reloads too, as long as its name is allowed; when
# the name is not, it ends within a second.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"

[ -x "${QUICK_NETPALE-}" ] || skip 'no netpale with short lifetimes'
NETPALE=$QUICK_NETPALE
start_echo 198.51.100.10 7
start_echo 198.51.100.11 7
start_dns 198.51.100.53 <<-'END'
	198.51.100.10 kept.example.com
	198.51.100.11 dropped.example.com
END
policy() { # NAME...
	echo 'network: { dns: guarded, allow: ['
	printf '{ host: %s.example.com, ports: [7], private: true },\n' "$@"
	echo '] }'
}
policy kept dropped | write_policy
start_guard -f $POLICY
for name in kept dropped; do check "$name resolves" resolves $name.example.com; done
open_flow kept tcp 198.51.100.10 7
open_flow dropped tcp 198.51.100.11 7
check 'their time is up' busywait 20000 status_is names.lapsed 2
check 'nothing is open' only_learned
check 'the same policy again' netpale reload
for name in kept dropped; do check "the flow '$name' lives" lives $name; done
policy kept | write_policy
check 'a policy without one of them' netpale reload
check 'its flow has ended' ended dropped
check 'the other lives' lives kept
check 'nobody else gets in' refused_fast tcp 198.51.100.10 7
