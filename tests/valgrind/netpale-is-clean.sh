#!/bin/bash
# valgrind finds no fault and no lost memory in netpale: in a sample of the unit tests, in two verbs, and
# where a fence is put up. `tests/run valgrind` does the same with every unit, golden and netns test.
#
# It does not know seccomp(2), so a start ends where the agent would begin, and no forwarder serves: of what
# comes behind that the sanitizers tell (tests/sanitizer.c).
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/plain.bash
command -v valgrind >/dev/null || { echo 'SKIP: no valgrind'; exit 77; }

UNIT=(addr buf dnsmsg entry hash hook host lease legacy message neighbours packet plan_query policy presets
	quota rule_text zone)
GOLDEN=()
NETNS=(none-leaves-loopback-only)

plain_build
logs=$PWD/build/valgrind
rm -rf "$logs"
mkdir -p "$logs"
chmod 1777 "$logs" # the agent writes there too
# In the place of a program; process numbers come twice, where there are namespaces.
stand_in() { # PROGRAM
	cat >"$logs/${1##*/}" <<-END
		#!/bin/sh
		exec valgrind -q --vgdb=no --leak-check=full --show-leak-kinds=definite \\
			--errors-for-leak-kinds=definite --error-exitcode=99 \\
			--log-file="$logs/\$(date +%s%N).%p.log" "$PWD/$1" "\$@"
	END
	chmod 755 "$logs/${1##*/}"
}
# Lines that begin otherwise tell of calls which valgrind does not know.
faulty() { grep -l '^==' "$logs"/*.log; }
stand_in build/coverage/netpale
stand_in build/coverage/tests/netpale-quick
export NETPALE=$logs/netpale QUICK_NETPALE=$logs/netpale-quick PEERS=$PWD/build/coverage/tests/peers
export GCOV_PREFIX=$logs/counts GCOV_ERROR_FILE=/dev/null

printf 'int main(void) { int *p = __builtin_malloc(4); return p[1] * 0; }\n' >"$logs/bad.c"
gcc -O0 -o build/coverage/bad "$logs/bad.c"
stand_in build/coverage/bad
"$logs/bad" || :
faulty >/dev/null || { echo 'FAIL: a planted fault is not found'; exit 1; }
rm "$logs"/*.log

# What is measured in time may fail here, so a script's own verdict is told and not counted.
run() { # COMMAND...
	timeout 600 "$@" >"$logs/said" 2>&1 || { echo "(by itself ${*: -1} ended with $?)"; tail -n 2 "$logs/said"; }
}
if [ "${WHOLE:-0}" != 0 ]; then
	mapfile -t UNIT < <(cd tests/unit && printf '%s\n' test_*.c | sed 's/^test_//; s/\.c$//')
	GOLDEN=(check init json plan log suggest tables)
	mapfile -t NETNS < <(cd tests/netns && printf '%s\n' *.sh | grep -v '^lib\.sh$' | sed 's/\.sh$//')
fi
for name in "${UNIT[@]}"; do
	stand_in "build/coverage/tests/test_$name"
	run "$logs/test_$name"
done
for verb in check plan; do run "$NETPALE" $verb -f config/policy.yml; done
for name in "${GOLDEN[@]}"; do run "$PWD/tests/golden/$name.sh"; done
for name in "${NETNS[@]}"; do run "$PWD/tests/netns/$name.sh"; done

processes=$(find "$logs" -name '*.log' | wc -l)
echo "$processes processes"
[ "$processes" -ge 22 ] || { echo 'FAIL: hardly anything ran'; exit 1; }
! faulty | xargs -r cat | grep . || exit 1
