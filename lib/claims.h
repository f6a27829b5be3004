#pragma once

#include "lib/sweep.h"

/* The rules that share one prefix, and what they say together about the ports. */

struct ruling {
	portset allow, deny; /* disjoint */
};

/* Of `rules`, those of a kind in `kinds` (1 << RULE_X). For each port the narrowest range
 * decides, on a tie deny. */
int claims_decide(struct portsets *table, const struct rule *rules, size_t count,
		  unsigned kinds, struct ruling *ret, struct error *err) MUST_CHECK;
