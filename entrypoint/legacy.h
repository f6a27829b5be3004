#pragma once

#include <stdbool.h>

#include "lib/findings.h"

/* Reads the tables of iptables-legacy in this network namespace, if it has any, and finds what they do
 * to packets (lib/legacy.h). Needs NET_ADMIN. False: there are some that cannot be read. */
bool legacy_look(struct findings *findings) MUST_CHECK;
