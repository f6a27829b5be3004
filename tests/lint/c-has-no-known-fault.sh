#!/bin/sh
# clang-tidy's analyser and bug checks find nothing.
set -eu
cd "$(dirname "$0")/../.."
command -v clang-tidy >/dev/null || { echo 'SKIP: no clang-tidy'; exit 77; }
checks='-*,clang-analyzer-*,bugprone-*'
# What these ask for would make the code worse or is a matter of taste.
for taste in bugprone-easily-swappable-parameters bugprone-reserved-identifier \
	bugprone-assignment-in-if-condition bugprone-macro-parentheses bugprone-branch-clone \
	bugprone-multi-level-implicit-pointer-conversion bugprone-narrowing-conversions \
	bugprone-switch-missing-default-case clang-analyzer-optin.core.EnumCastOutOfRange \
	clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling; do
	checks=$checks,-$taste
done
printf '%s\n' lib/*.c entrypoint/*.c | xargs -P 2 -n 4 \
	clang-tidy -quiet -p "$(dirname "$NETPALE")" "--warnings-as-errors=*" "--checks=$checks"
