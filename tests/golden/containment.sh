#!/bin/bash
# The table of SECURITY.md has each row that the scripts of tests/containment say they tried, and no
# other. With -update it is written anew.
set -euo pipefail
cd "$(dirname "$0")/../.."

{
	echo '| way out | unfenced | fenced | closed by |'
	echo '|---|---|---|---|'
	for script in tests/containment/*.sh; do
		[ "${script##*/}" = lib.sh ] && continue
		grep '^# | ' "$script" | sed 's/^# //' || { echo "$script has no row" >&2; exit 1; }
	done
} >build/containment.md
begin='/^<!-- tests\/golden\/containment.sh/' end='/^<!-- end -->$/'
if [ "${1-}" = -update ]; then
	sed -i -e "$begin,$end { $begin r build/containment.md" -e "$begin! { $end! d } }" SECURITY.md
fi
diff <(sed -n "$begin,$end p" SECURITY.md | grep '^|') build/containment.md
! grep -vE '^\| [^|]+ \| [^|]+ \| [^|]+ \| [^|]+ \|$' <(sed 2d build/containment.md)
