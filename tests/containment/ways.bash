# shellcheck shell=bash
# Many ways out in one run: each line of stdin is one for tests/peers/ways.c, and behind a `|` how the
# wire shows its packet (extended, without what stands before `>`) where that is not its address and
# port. Without a fence each of them must be seen; behind it nothing at all. Sourced behind lib.sh.

ways() { # WORDS
	local from line shown to port
	sed 's/ *|.*//' >ways.list < <(tee ways.shown)
	from=$(($(wc -l <wire.log) + 1))
	way "$1" "$PEERS/ways" "$WORK/ways.list"
	tail -n +$from wire.log >ways.seen
	while read -r line; do
		read -r _ _ to port _ <<<"$line"
		shown=" > ${to//./\\.}\\.$port: "
		[ "$line" = "${line#*|}" ] || shown=" > ${line#*| }"
		check "unfenced: a packet of ${line%% |*}" says ways.seen "$shown"
	done <ways.shown
}
