#!/bin/bash
# The Feature with its defaults. Nothing here sends a packet to another host. By hand:
#
#     docker/feature/pack build/feature/src/netpale && cp -r docker/feature/test build/feature
#     devcontainer features test -p build/feature -i debian:trixie-slim -u nobody
set -e
# shellcheck source=/dev/null  # the command line brings it
source dev-container-features-test-lib

field() { sed -n "s/^$1:[[:space:]]*//p" /proc/self/status; }
refused() { ! netpale explain "$1"; }

check 'who works here is not root' test "$(id -u)" != 0
check 'and has no privilege' test "$(field CapEff) $(field NoNewPrivs)" = '0000000000000000 1'
check 'the fence is what was applied' netpale verify
check 'a network of a preset is allowed' netpale explain 160.79.104.1:443
check 'another is refused' refused 192.0.2.1:443
check 'and not reached' bash -c '! exec 3<>/dev/tcp/192.0.2.1/443'
check 'the cloud credentials are refused' refused 169.254.169.254:80
check 'nobody but root writes the policy' test "$(stat -c '%U %a' /etc/netpale/policy.yml)" = 'root 644'
reportResults
