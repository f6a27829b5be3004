#!/bin/bash
set -e
# shellcheck source=/dev/null  # the command line brings it
source dev-container-features-test-lib

refused() { ! netpale explain "$1"; }

check 'the fence is what was applied' netpale verify
check 'the policy is none' grep '"policy":"none"' /run/netpale/status.json
check 'nothing is allowed' refused api.anthropic.com:443
check 'a name does not resolve' eval '! getent ahosts www.example.com'
reportResults
