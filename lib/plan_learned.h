#pragma once

#include "lib/plan.h"

/* What a plan says of addresses that are learned while the agent runs (plan.h: guarded); parts of
 * plan_build(), and of permit.c, which has to say the same. */

/* Of sorted literals: the denies, with the allows that lie within one. */
int plan_keep_denies(struct plan *plan, const struct rules literals[static 2],
		     struct error *err) MUST_CHECK;

/* Fills classes, learned and names; plan->cut is known. */
int plan_learn(struct plan *plan, const struct policy *policy, struct error *err)
	MUST_CHECK;

/* The different port sets in plan->cut, ascending. Free *ret with free(). */
int plan_cut_sets(const struct plan *plan, portset **ret, size_t *ret_count,
		  struct error *err) MUST_CHECK;

/* The rule that an entry is for a prefix. */
struct rule plan_rule(const struct entry *entry, const struct prefix *prefix);
