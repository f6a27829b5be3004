# shellcheck shell=bash
# What the manual says of objects, for the scripts that look at them. Sourced; needs jq.

MANUAL=$(cd "${BASH_SOURCE%/*}/../.." && pwd)/config/netpale.8

# The keys that the section JSON lists for an item.
documented() { # ITEM, as it stands behind .It
	awk -v item="$1" '
		/^\.Sh/ { inside = $2 == "JSON" }
		inside && /^\.It / { here = substr($0, 5) == item; next }
		inside && here && /^\.Va/ { for (i = 2; i <= NF; i++) print $i; next }
		{ here = here && /^\.\\"/ }
	' "$MANUAL" | sort
}

# All objects on stdin have version 1 first, and together just the keys that are documented.
fits_manual() { # ITEM
	local objects wanted
	objects=$(cat)
	wanted=$(documented "$1")
	[ -n "$wanted" ] || { echo "the manual has no keys of $1"; return 1; }
	[ -n "$objects" ] || { echo 'there is no object'; return 1; }
	jq -e 'keys_unsorted[0] == "version" and .version == 1' <<<"$objects" | sort -u | diff <(echo true) - &&
		diff <(echo "$wanted") <(jq -r 'keys[]' <<<"$objects" | sort -u)
}
