#!/bin/bash
# The kernel's answers to the verbs that only look are cut, lost, told twice, errors, or nonsense: they end
# as documented, and verify never says that a fence is whole that is not.
SOURCES=$(cd "${0%/*}" && pwd)
. "${0%/*}/../netns/lib.sh"
. "$SOURCES/turns.bash"

scene
put() { :; }
judge() { # STATUS
	case $1 in
	0 | 1) [ "$1" = "$expected" ] || [ "$1" = 1 ] || complain "status $1" ;;
	69 | 71 | 77 | 78) [ -s said ] || complain "status $1 without a message" ;;
	*) complain "status $1" ;;
	esac
}
tells() { # ARGUMENT...
	expected=0
	faulty "$@" >out 2>said || expected=$?
	change_answers main faulty "$@"
	conclude "$*"
}
faulty run -q -f new.yml -- true
tells verify
tells plan -f new.yml
in_client nft add rule inet netpale egress accept
tells verify
check 'which tells a change' same "$expected" 1
faulty apply -q -f new.yml
in_client nft 'add table ip other; add chain ip other c { type nat hook output priority -150; }
	add rule ip other c tcp dport 1 dnat to 127.0.0.1'
tells verify
check 'which tells a neighbour' same "$expected" 1
echo "$total answers were not what they should be"
