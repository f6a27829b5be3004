#pragma once

#include "lib/explain.h"

/* What explain.c needs of explain_names.c: an entry's ports, and what it says of a name. */

#define WHOLE_LINE (PORTSET_LAST + 1)

bool explain_is_dns(uint32_t point);
/* The width of the narrowest range that has the point. */
bool explain_in_ranges(const struct port_range *ranges, size_t count, uint32_t point,
		       uint32_t *ret_width);
bool explain_covers_point(const struct entry *entry, uint32_t point, uint32_t *ret_width);
/* Does this allow count for the host, or does a deny overrule it? */
bool explain_allows(const struct policy *policy, const struct entry *entry,
		    const char *host);
