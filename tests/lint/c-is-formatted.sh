#!/bin/sh
# clang-format has nothing to change.
set -eu
cd "$(dirname "$0")/../.."
command -v clang-format >/dev/null || { echo 'SKIP: no clang-format'; exit 77; }
exec clang-format --dry-run --Werror lib/*.[ch] entrypoint/*.[ch] tests/*/*.[ch]
