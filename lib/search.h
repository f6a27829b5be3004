#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/host.h"

/* What resolv.conf(5) says about names of a single label: below which domains they are looked
 * for. A name with a dot is never looked for anywhere but where it says. */

/* glibc knows no limit any more; six was its limit for decades. */
#define SEARCH_MAX 32

struct search {
	char domains[SEARCH_MAX][HOST_TEXT];
	size_t count;
	bool name_first; /* `options ndots:0`: the label itself before the domains */
};

/* One line of resolv.conf, which is written to. Of several `search` and `domain` lines the last
 * counts; what is not understood is skipped, as by every resolver. */
void search_read_line(struct search *search, char *line);

/* The i-th name to ask for in order to find `host`; "" when it would be too long. False: there
 * are no more. */
bool search_candidate(const struct search *search, const char *host, size_t i,
		      char out[static HOST_TEXT]);
