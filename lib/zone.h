#pragma once

#include <stdbool.h>

/* Zones in which anybody can have a name for little or nothing: top-level domains, public suffixes
 * and the domains of hosters. A wildcard there lets data out to whoever wants it. No list of them is
 * complete; this one holds the best known, for a warning. */

/* Of a wildcard's domain, normalised. Names of one label that no registry sells (local, internal and
 * the like) are not. */
bool zone_is_public(const char *domain);
