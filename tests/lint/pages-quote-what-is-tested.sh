#!/bin/bash
# Each way to use netpale has a page whose section "Use" is short, and every block of code in it is copied
# from a file that the tests run: <!-- from FILE --> stands above the block. Such a mark holds elsewhere, too.
# And what a page links to is there.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Is block.txt within the file, line for line, but for what all of its lines are indented by?
stands_in() { # BLOCK FILE
	awk '
		function depth(text) { match(text, /^[ \t]*/); return RLENGTH }
		NR == FNR { block[++lines] = $0; next }
		{ file[++total] = $0 }
		END {
			for (at = 1; at + lines - 1 <= total; at++) {
				shift = ""; known = 0
				for (i = 1; i <= lines; i++) {
					if (!known && block[i] != "") {
						shift = substr(file[at + i - 1], 1, depth(file[at + i - 1]) - depth(block[i]))
						known = 1
					}
					if (file[at + i - 1] != (block[i] == "" ? "" : shift block[i])) break
				}
				if (i > lines) exit 0
			}
			exit 1
		}' "$1" "$2"
}

# A test names it, or the folder that it is in; a test is its own witness.
is_tested() { # FILE
	local at=$1
	[[ $at != tests/* ]] || return 0
	while [ "$at" != . ] && [[ $at == */* ]]; do
		! grep -rqF --exclude-dir=images -- "$at" tests .ci || return 0
		# Helpers take an example by its name: image_of claude, example devcontainer, in_example compose.
		! grep -rqE -- "(image_of|example|up_of|project) ${at#docker/}( |\)|$)" tests/docker || return 0
		at=$(dirname "$at")
	done
	return 1
}

# PLACE SECTION FROM for each block of a page, which goes to $work/NUMBER.
blocks() { # PAGE
	awk -v work="$work" '
		/^#/ && !inside { section = $0; sub(/^#+ /, "", section) }
		/^<!-- from .* -->$/ && !inside { from = $3 }
		/^```/ {
			if (inside) { inside = 0; close(out); next }
			inside = 1; out = work "/" ++count; printf "" >out
			print FNR "\t" section "\t" (from == "" ? "-" : from); from = ""
			next
		}
		inside { print >out }
		!inside && !/^<!--/ { from = "" }' "$1"
}

faults() { # PAGE
	local page=$1 number=0 place section from
	rm -f "$work"/[0-9]*
	while IFS=$'\t' read -r place section from; do
		number=$((number + 1))
		if [ "$from" = - ]; then
			[ "$section" != Use ] || echo "$page:$place: nothing says where this is copied from"
		elif [ ! -e "$from" ]; then
			echo "$page:$place: there is no $from"
		elif ! stands_in "$work/$number" "$from"; then
			echo "$page:$place: this does not stand in $from"
		elif ! is_tested "$from"; then
			echo "$page:$place: no test uses $from"
		fi
	done < <(blocks "$page")
}
long() { # PAGE: its section Use is there, and has at most 20 lines
	awk '
		/^```/ { inside = !inside }
		/^#/ && !inside { if (used) exit; if ($0 == "## Use") { used = 1; next } }
		used { lines++; if (NF) last = lines }
		END {
			if (!used) print FILENAME ": there is no section \"## Use\""
			else if (last > 20) print FILENAME ": its section Use has " last " lines"
		}' "$1"
}
astray() { # PAGE
	local link
	while read -r link; do
		[ -e "$(dirname "$1")/$link" ] || echo "$1: there is no $link"
	done < <(grep -oE '\]\([^)#:]+' "$1" | cut -c 3-)
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

# Each rule is seen to bite first.
sample() { # SAID LINE...
	local said=$1 got
	printf '%s\n' "${@:2}" >"$work/page.md"
	got=$({ faults "$work/page.md"; astray "$work/page.md"; long "$work/page.md"; } | sed 's/^[^ ]* //' | head -n 1)
	[ "${got:-nothing}" = "$said" ] || { echo "FAIL: of '${*:2}' is said '$got', not '$said'"; status=1; }
}
sample 'there is no section "## Use"' '# A page'
sample 'nothing' '## Use' '<!-- from tests/run -->' '```sh' 'set -euo pipefail' '```'
sample 'nothing' '## Use' '<!-- from docker/build -->' '```sh' 'set -eu' '```'
sample 'nothing says where this is copied from' '## Use' '```sh' 'set -euo pipefail' '```'
sample 'there is no tests/walk' '## Use' '<!-- from tests/walk -->' '```sh' 'set -euo pipefail' '```'
sample 'this does not stand in tests/run' '## Use' '<!-- from tests/run -->' '```sh' 'set -euo nopipefail' '```'
sample 'no test uses .gitignore' '## Use' '<!-- from .gitignore -->' '```sh' "$(head -n 1 .gitignore)" '```'
mapfile -t many < <(printf '%s\n' {1..21})
sample 'there is no page.txt' '## Use' '[a page](page.txt), [itself](page.md), [elsewhere](https://x.example)'
sample 'its section Use has 21 lines' '## Use' "${many[@]}"
rm -f "$work/page.md"

mapfile -t ways < <(find docker config -mindepth 1 -maxdepth 2 -name README.md -not -path docker/README.md | sort)
[ "${#ways[@]}" -ge 5 ] || { echo "FAIL: only ${#ways[@]} pages are found"; status=1; }
for page in "${ways[@]}"; do
	found=$(long "$page")
	[ -z "$found" ] || { echo "$found"; status=1; }
done
while read -r page; do
	found=$(faults "$page"; astray "$page")
	[ -z "$found" ] || { echo "$found"; status=1; }
done < <(git ls-files -- '*.md' 2>/dev/null || find . -name '*.md' -not -path './build/*' -not -path './.git/*')
exit "$status"
