#pragma once

#include <stdbool.h>

#include "lib/addr.h"

/* The address that a name of the reverse trees stands for: "7.100.51.198.in-addr.arpa"
 * (RFC 1035 §3.5), thirty-two nibbles below ip6.arpa (RFC 3596 §2.5). `host` normalised
 * (host.h); false when it is no such name, or not a whole address. */
bool pointer_parse(const char *host, struct addr *ret);
