# shellcheck shell=bash
# The forwarder in the client's network, behind a guard that the script plays with the words of
# tests/drive/forwarder.c. Sourced behind lib.sh.

start_upstream() { # ADDR [MANNER...]: tests/peers/dns.c; what it was asked stands in its log
	start udp "$1" 53 "$PEERS/dns" "$1" 53 "${@:2}"
}
asked() { sed 1d "udp.$1.53.log"; }                      # ADDR
went_up() { grep -iE -e "$1" udp.198.51.100.53.53.log; } # PATTERN, in whatever letters

in_client_by_itself() { exec nsenter --net=/run/netns/client -- "$@"; } # with &: $! is the command

serve() { # WORD...
	[ -p guard.in ] || mkfifo guard.in
	exec {commands}<>guard.in
	: >guard.log
	in_client_by_itself "$PEERS/forwarder" "$NETPALE" "$@" \
		<guard.in >guard.log 2>forwarder.log {commands}>&- &
	guard=$!
	busywait 20000 says guard.log '^READY$' || {
		echo 'FAIL: the forwarder does not start'
		cat guard.log forwarder.log
		exit 1
	}
	# shellcheck disable=SC2034 # for the scripts
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
