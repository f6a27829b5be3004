# shellcheck shell=bash
# The build without sanitizers, counting which lines are run, that tests/coverage and tests/valgrind share
# (ctest never runs both at once). What it says is told only when it fails.
plain_build() {
	mkdir -p build
	{ cmake --preset coverage && cmake --build --preset coverage; } >build/coverage.log 2>&1 ||
		{ cat build/coverage.log; exit 1; }
}
