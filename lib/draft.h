#pragma once

#include "lib/builder.h"
#include "lib/plan.h"
#include "lib/ruleset.h"

/* What lib/ruleset.c (the rules) and lib/draft_sets.c (what differs from plan to plan)
 * share. */

/* The kernel lists an interval set in time that grows with its square: one of 100,000
 * takes longer to read back than to fill, 25 of 4,096 do not. */
#define ALLOW_PART 4096
#define ALLOW_PARTS (PLAN_FLOWS_MAX / ALLOW_PART + 1)

struct allow_part {
	const struct set *set;
	struct span span; /* from its first address to its last */
};

struct draft {
	const struct plan *plan;
	const struct site *site; /* of the closed fence, else NULL */
	const struct ruleset_options *options;
	/* set_allow, and what does not fit there; [0] is IPv4. */
	struct allow_part allow[2][ALLOW_PARTS];
	size_t allow_count[2];
};

/* [0] is IPv4, [1] is IPv6, as in struct plan. */
extern const struct set set_allow[2];    /* destinations open on all ports but DNS's */
extern const struct set set_ports[2];    /* destination . protocol . port */
extern const struct set set_resolver[2]; /* the same, for DNS; chain output only */
extern const struct set set_refused[2];  /* counters of refused destinations */
extern const struct set set_dns;         /* protocol . port that no plain entry opens */
extern const struct set set_inbound;     /* protocol . port of the listed servers */
extern const struct set set_nd_out, set_nd_in, set_mld; /* ICMPv6 types */

/* All sets, with the elements that the plan gives. Every fence has all of them, so that
 * its rules need not know which are empty. */
int draft_fill_sets(struct builder *b, struct draft *draft, struct error *err) MUST_CHECK;
