#pragma once

#include "lib/plan.h"

/* Why one destination is open or closed, straight from the entries (no spans: it is also the
 * independent model the plan is tested against). */

struct verdict {
	bool allowed;
	const struct entry *entry; /* that decided, or NULL: no entry says so */
	const char
		*reason; /* static text where the entry alone does not tell: "no entry",
				    * "policy none", "a name never beats a deny" ... or NULL. An
				    * entry beside it is the one that would have opened it */
};

/* `point` on portset.h's line. */
struct verdict explain_addr(const struct policy *policy, const struct answers *answers,
			    const struct site *site, const struct addr *addr,
			    uint32_t point);
