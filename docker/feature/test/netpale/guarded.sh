#!/bin/bash
# A wildcard chooses dns: guarded, and the guard answers on this container's own loopback.
set -e
# shellcheck source=/dev/null  # the command line brings it
source dev-container-features-test-lib

refused() { ! netpale explain "$1"; }
unknown() { ! getent ahosts "$1"; }

check 'the fence is what was applied' netpale verify
check 'DNS is guarded' grep '"dns":"guarded"' /run/netpale/status.json
check 'names below the wildcard are allowed' netpale explain www.example.com:443
check 'other names are refused' refused www.example.org:443
check 'and do not exist' unknown www.example.org
check 'what was refused is told' grep www.example.org /run/netpale/refused.jsonl
check 'an address is allowed on its port' netpale explain 192.0.2.10:5432
check 'and refused on another' refused 192.0.2.10:22
check 'no preset is' refused api.anthropic.com:443
reportResults
