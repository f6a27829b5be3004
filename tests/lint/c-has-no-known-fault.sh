#!/bin/sh
# clang-tidy's bug checks find nothing.
set -eu
cd "$(dirname "$0")/../.."
command -v clang-tidy >/dev/null || { echo 'SKIP: no clang-tidy'; exit 77; }
checks='-*,bugprone-*'
# What these ask for would make the code worse or is a matter of taste.
for taste in easily-swappable-parameters reserved-identifier assignment-in-if-condition \
	macro-parentheses branch-clone multi-level-implicit-pointer-conversion \
	narrowing-conversions switch-missing-default-case casting-through-void \
	not-null-terminated-result implicit-widening-of-multiplication-result; do
	checks=$checks,-bugprone-$taste
done
printf '%s\n' lib/*.c entrypoint/*.c | xargs -P 2 -n 8 \
	clang-tidy -quiet -p "$(dirname "$NETPALE")" "--warnings-as-errors=*" "--checks=$checks" \
		--extra-arg=-Wno-missing-field-initializers
