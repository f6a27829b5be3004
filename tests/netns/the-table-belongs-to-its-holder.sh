#!/bin/bash
# A fence can be held: nobody else with NET_ADMIN can change it then. It outlives its holder, and a
# new holder takes it over; without one it is a fence like any other.
. "${0%/*}/lib.sh"

fence() { in_client "$PEERS/fence" "$@"; }
flags() { in_client nft list table inet netpale | sed -n 's/^	flags //p'; }
tell() { # ANSWER LINE...
	local answer expected=$1
	shift
	printf '%s\n' "$@" >&"$telling"
	read -rt 60 answer <&"$hearing" && same "$expected" "$answer"
}
hold() { # ANSWER LINE...: begins to hold; $holder is the process
	coproc HOLD { exec nsenter --net=/run/netns/client "$PEERS/fence" hold 2>hold.log; }
	holder=$HOLD_PID
	exec {telling}>&"${HOLD[1]}" {hearing}<&"${HOLD[0]}"
	tell "$1" 'dns guarded' 'class any' "${@:2}" .
}
let_go() {
	kill -KILL "$holder"
	wait "$holder" 2>/dev/null || :
	exec {telling}>&- {hearing}<&-
}
is_held() {
	not in_client nft delete table inet netpale && not in_client nft flush chain inet netpale output &&
		not in_client nft add element inet netpale learned4_0 '{ 203.0.113.10 }' &&
		not in_client nft add table inet netpale '{ flags dormant; }' &&
		in_client nft flush ruleset && in_client nft list chain inet netpale output &&
		probe refused tcp 203.0.113.10 7 1000
}

start_echo 198.51.100.10 7
start_echo 203.0.113.10 7
check 'a fence is held' hold held 'own yes'
check 'nobody else can change it' is_held
check 'its holder can' tell learned 'add 198.51.100.10 0 600000'
check 'it is open' reaches tcp 198.51.100.10 7
check 'the holder can change it whole' tell held 'dns guarded' 'class any' 'own yes' \
	'live 198.51.100.10 0 600000' .
check 'also without saying that it holds it' tell held 'dns guarded' 'class any' \
	'live 198.51.100.10 0 600000' .
check 'it is held still' is_held
check 'another one is told so' says <(fence apply <<<'dns pinned' 2>&1) 'another process owns'
let_go
check 'it outlives its holder' refused_fast tcp 203.0.113.10 7
check 'with what was learned' reaches tcp 198.51.100.10 7
check "as nobody's" same persist "$(flags)"

check 'a new holder takes it over' hold held 'own yes'
check 'nobody else can change it' is_held
check 'what it did not learn is closed' refused_fast tcp 198.51.100.10 7
check 'everybody sees it' in_client nft list table inet netpale
let_go

check 'a fence that nobody holds takes its place' fence apply sent <<<'198.51.100.10 any'
check 'and is what was sent' fence verify sent
check 'it is open' reaches tcp 198.51.100.10 7
in_client nft add table inet netpale '{ flags dormant, persist; }'
check 'asleep it refuses nothing' reaches tcp 203.0.113.10 7
check 'a new one wakes it' fence apply sent <<<'198.51.100.10 any'
check 'and refuses' refused_fast tcp 203.0.113.10 7
in_client nft add table inet netpale '{ flags dormant, persist; }'
check 'a holder takes it over asleep' hold held 'own yes'
check 'and wakes it' is_held
let_go
check 'anybody can take it away then' fence delete
refute 'it is gone' in_client nft list table inet netpale

check 'a closed fence can be the first' fence close sent <<<'own yes'
check 'it outlives the process' same persist "$(flags)"
check 'a holder takes it over' hold held 'own yes'
check 'nobody else can change it' is_held
let_go
fence delete

check 'a fence that nobody held' fence apply sent <<<'198.51.100.10 any'
check 'stays so' hold stands 'own yes'
check 'as the kernel wants it' same '' "$(flags)"
check 'but is a fence' refused_fast tcp 203.0.113.10 7
