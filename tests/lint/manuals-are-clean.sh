#!/bin/sh
# mandoc has no warning for the manuals.
set -eu
cd "$(dirname "$0")/../.."
command -v mandoc >/dev/null || { echo 'SKIP: no mandoc'; exit 77; }
mandoc -Tlint -W warning config/*.[1-9]
