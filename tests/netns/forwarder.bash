# shellcheck shell=bash
# The forwarder in the client's network, behind a guard that the script plays with the words of
# tests/drive/forwarder.c. Sourced behind lib.sh.

UPSTREAM=198.51.100.53
start_upstream() { # [ADDR [MANNER...]]: tests/peers/dns.c; what it was asked stands in its log
	local addr=${1-$UPSTREAM}
	start udp "$addr" 53 "$PEERS/dns" "$addr" 53 "${@:2}"
}
upstream_log() { echo "$WORK/udp.${1-$UPSTREAM}.53.log"; } # [ADDR]

went_up() { grep -iE -e "$1" "$(upstream_log)"; } # PATTERN, in whatever letters

serve() { # WORD...
	[ -p guard.in ] || mkfifo guard.in
	exec {commands}<>guard.in
	: >guard.log
	in_client "$PEERS/forwarder" "$NETPALE" "$@" <guard.in >guard.log 2>forwarder.log {commands}>&- &
	guard=$!
	busywait 20000 says guard.log '^READY$' || {
		echo 'FAIL: the forwarder does not start'
		cat guard.log forwarder.log
		exit 1
	}
	forwarder=$(sed -n 's/^started //p' guard.log)
}
tell() { echo "$1" >&"$commands"; } # COMMAND
hears() { busywait 5000 says guard.log "$1" || says guard.log "$1"; } # PATTERN
heard() { grep -cE -e "$1" guard.log || :; }                          # PATTERN: how often
leave() {
	tell leave
	wait "$guard" || :
	exec {commands}>&-
}
lives_on() { # it answers PING
	local alive
	alive=$(heard '^ALIVE')
	tell ping
	busywait 5000 more_than "$alive" '^ALIVE'
}
more_than() { [ "$(heard "$2")" -gt "$1" ]; } # COUNT PATTERN

# A client's question, its answer in ./answer.
dns() { # [@SERVER] NAME TYPE [+OPTION...]
	local server=@127.0.0.1
	case $1 in @*) server=$1; shift ;; esac
	in_client dig -p 7753 "$server" +tries=1 +timeout=7 "$@" >answer 2>&1
}
answers() { # STATUS PATTERN DIG-ARGUMENT...: PATTERN in some line, '' for none at all
	local status=$1 pattern=$2
	shift 2
	dns "$@"
	says answer "status: $status," || return 1
	if [ -n "$pattern" ]; then says answer "$pattern"; else says answer 'ANSWER: 0,'; fi
}
