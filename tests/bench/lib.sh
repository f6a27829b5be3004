# shellcheck shell=bash
# What the parts of the bench share, beside the place that tests/netns/lib.sh makes: samples in
# samples/NAME, and rows made from them. BUILD names another binary than build/static/netpale, RUNS
# another number of repetitions than 7.
[ $# = 0 ] || { echo "$0: '$1' is not understood: it takes no arguments" >&2; exit 64; }
here=$(cd "${0%/*}" && pwd)
root=${here%/*/*}
out=$root/build/bench
export NETPALE=${BUILD-$root/build/static/netpale} PEERS=$out
runs=${RUNS-7}
[ -x "$NETPALE" ] || { echo "$0: no $NETPALE: docker/build makes it" >&2; exit 1; }

# Compiled as a release is: a sanitizer would be measured, too.
mkdir -p "$out"
for source in "$root"/tests/peers/*.c; do
	program=$out/$(basename "$source" .c)
	[ "$program" -nt "$source" ] ||
		cc -O2 -D_GNU_SOURCE -I "$root" -o "$program" "$source" || exit 1
done
# shellcheck source-path=SCRIPTDIR source=../netns/lib.sh
. "$here/../netns/lib.sh"

mkdir samples
measure() { # NAME COMMAND...: a sample of milliseconds, of those on a CPU, and of the peak
	local name=$1 status ms cpu kib
	shift
	in_client "$PEERS/measure" 1 "$@" >measured 2>errors
	read -r status ms cpu kib <measured
	[ "$status" = 0 ] || { echo "FAIL: $*: status $status"; cat errors; exit 1; }
	echo "$ms" >>"samples/$name"
	echo "$cpu" >>"samples/$name.cpu"
	echo "$kib" >>"samples/$name.kib"
}
median() { sort -g "samples/$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
clean() { # as in a container that has just been made
	in_client nft flush ruleset
	in_client ipset destroy
	rm -rf /run/netpale
}
times() { awk -v a="$1" -v b="$2" 'BEGIN { print a / b }'; }

# One row: WHAT UNIT SENSE(most|least) BUDGET NAME [PEER_WORDS PEER]... A median at most or at least
# BUDGET is ok; BUDGET - is none. Ratios are the peer's median by ours.
: >rows
row() {
	local what=$1 unit=$2 sense=$3 budget=$4 name=$5 verdict=- value peers='[]'
	value=$(median "$name")
	shift 5
	if [ "$budget" != - ]; then
		verdict=$(awk -v v="$value" -v b="$budget" -v s="$sense" \
			'BEGIN { print (s == "most" ? v <= b : v >= b) ? "ok" : "over" }')
	fi
	while [ $# -gt 0 ]; do
		peers=$(jq -c --arg n "$1" --slurpfile s "samples/$2" --argjson m "$(median "$2")" \
			--argjson r "$(times "$(median "$2")" "$value")" \
			'. + [{ name: $n, median: $m, ratio: $r, samples: $s }]' <<<"$peers")
		shift 2
	done
	jq -nc --arg what "$what" --arg unit "$unit" --arg sense "at $sense" --arg budget "$budget" \
		--arg verdict "$verdict" --argjson median "$value" --slurpfile samples "samples/$name" \
		--argjson peers "$peers" '{ what: $what, unit: $unit, median: $median,
		budget: (if $budget == "-" then null else $budget | tonumber end), sense: $sense,
		verdict: $verdict, samples: $samples, peers: $peers }' >>rows
}

# Into build/bench/NAME.json, with every sample; tests/bench/run prints them.
keep_rows() { # NAME
	jq -s . rows >"$out/$1.json"
}
