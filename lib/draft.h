#pragma once

#include "lib/builder.h"
#include "lib/plan.h"
#include "lib/ruleset.h"

/* What lib/ruleset.c and lib/ruleset_guard.c (the rules) and lib/draft_sets.c and
 * lib/draft_guard.c (what differs from plan to plan) share. */

/* The kernel lists an interval set in time that grows with its square: one of 100,000
 * takes longer to read back than to fill, 25 of 4,096 do not. */
#define ALLOW_PART 4096
#define ALLOW_PARTS (PLAN_FLOWS_MAX / ALLOW_PART + 1)

struct allow_part {
	const struct set *set;
	struct span span; /* from its first address to its last */
};

/* A class of learned addresses and what they open. */
struct learned {
	struct set addrs[2];
	struct set ports; /* protocol . port; only where `listed` */
	bool any;         /* all ports but DNS's, and what `ports` holds */
	bool listed;
	bool dns; /* port 53 is in it */
	char names[3][RULESET_SET_NAME];
};

struct draft {
	const struct plan *plan;
	const struct site *site; /* of the closed fence, else NULL */
	const struct ruleset_options *options;
	/* set_allow, and what does not fit there; [0] is IPv4. */
	struct allow_part allow[2][ALLOW_PARTS];
	size_t allow_count[2];
	struct learned learned[PLAN_CLASSES_MAX]; /* guarded only */
	size_t learned_count;
};

static inline bool draft_is_audit(const struct draft *draft)
{
	return draft->plan->mode == MODE_AUDIT;
}

/* The guard answers DNS, and opens what it learns. */
static inline bool draft_is_guarded(const struct draft *draft)
{
	return !draft->site && draft->plan->dns == STANCE_GUARDED &&
	       draft->plan->mode != MODE_NONE;
}

static inline uint16_t draft_port(const struct draft *draft)
{
	const struct ruleset_guard *guard = draft->options->guard;

	return guard && guard->port ? guard->port : RULESET_FORWARDER_PORT;
}

/* [0] is IPv4, [1] is IPv6, as in struct plan. */
extern const struct set set_allow[2];    /* destinations open on all ports but DNS's */
extern const struct set set_ports[2];    /* destination . protocol . port */
extern const struct set set_resolver[2]; /* the same, for DNS; chain output only */
extern const struct set set_refused[2];  /* counters of refused destinations */
extern const struct set set_dns;         /* protocol . port that no plain entry opens */
extern const struct set set_inbound;     /* protocol . port of the listed servers */
extern const struct set set_nd_out, set_nd_in, set_mld; /* ICMPv6 types */

extern const struct set set_forwarder; /* guarded: protocol . port where it listens */
extern const struct set set_lapsed[2]; /* guarded: flows to them may go on */

/* All sets, with the elements that the plan gives. Every fence has all of them, so that
 * its rules need not know which are empty. */
int draft_fill_sets(struct builder *b, struct draft *draft, struct error *err) MUST_CHECK;

/* The sets that outlive a fence, by their names. */
bool draft_keeps(const char *set);

/* draft_guard.c: the further sets of a guarded fence. */
int draft_fill_guard(struct builder *b, struct draft *draft, struct error *err)
	MUST_CHECK;

/* draft_sets.c: elements of the open set for all ports of `id`; `span` NULL: without an
 * address. What PORTSET_ANY leaves out of an id that covers it: add_dns_ports(). */
void add_ports(struct builder *b, const struct plan *plan, const struct span *span,
	       portset id);
void add_dns_ports(struct builder *b, const struct plan *plan, const struct span *span,
		   portset id);

/* ruleset_guard.c: the rules that a guarded fence has besides; `side` SOURCE: for the far
 * side's answers in chain forward. */
extern const struct chain chain_dns, chain_zone;
void guard_keep_apart(struct builder *b, const struct draft *draft);
void guard_redirect(struct builder *b, const struct draft *draft);
void guard_ask(struct builder *b, const struct draft *draft);
void guard_accept_redirected(struct builder *b, const struct draft *draft);
void guard_accept_listed(struct builder *b, const struct draft *draft, enum side side);
void guard_accept_any(struct builder *b, const struct draft *draft, enum side side);
void guard_accept_lapsed(struct builder *b, const struct draft *draft, enum side side);

/* ruleset_replace.c: what stands makes room. First a suffix for the sets that no set of the rules in
 * force has; then goes what no rule uses: left by an apply that did not come to its end, or somebody
 * else's; and, when the rules are deleted, what only they used, and chains that are not `chains`. */
struct standing;
const char *replace_suffix(const struct draft *draft, const struct standing *standing);
void replace_unused(struct builder *b, const struct standing *standing);
void replace_used(struct builder *b, const struct standing *standing,
		  const struct chain *const chains[], size_t count);

/* ruleset.c */
void mark_and_accept(struct builder *b, const struct draft *draft);
