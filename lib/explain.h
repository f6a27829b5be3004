#pragma once

#include "lib/plan.h"

/* Why one destination is open or closed, straight from the entries (no spans: it is also the
 * independent model the plan is tested against). */

struct verdict {
	bool allowed;
	bool wrong_port;           /* refused: the entry opens other ports of it */
	const struct entry *entry; /* that decided, or NULL: no entry says so */
	const char
		*reason; /* static text where the entry alone does not tell: "no entry",
				    * "policy none", "a name never beats a deny" ... or NULL. An
				    * entry beside it is the one that would have opened it */
};

/* `point` on portset.h's line. With dns: guarded only what is open from the start, or to whoever
 * names the address: what names open later depends on what DNS says then. */
struct verdict explain_addr(const struct policy *policy, const struct answers *answers,
			    const struct site *site, const struct addr *addr,
			    uint32_t point);

/* The entry that opens the address somewhere else than at `point`, or NULL: none does. */
const struct entry *explain_elsewhere(const struct policy *policy,
				      const struct answers *answers,
				      const struct site *site, const struct addr *addr,
				      uint32_t point);

/* With dns: guarded: may `host` (normalised) be asked for, and would its addresses be opened at
 * `point`? Allowed: by the most specific entry that opens that port. What denies and admit() say of
 * the addresses comes on top. */
struct verdict explain_name(const struct policy *policy, const char *host,
			    uint32_t point);
