#!/bin/bash
# docker/demo is the first thing that anybody runs.
. "$(dirname "$0")/lib.sh"

capture "$repository/docker/demo"
equals 'docker/demo succeeds' 0 "$status"
contains 'and says so' 'All of it went as promised.' "$out"
contains 'Claude is part of it' 'Hello from beyond the pale.' "$out"
