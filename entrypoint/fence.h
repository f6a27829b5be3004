#pragma once

#include <jansson.h>

#include "entrypoint/inputs.h"

/* Raising the fence: closed first, then names behind it, then the plan, one transaction, read
 * back. A failure leaves the fence that stood, the first time the closed one. */

struct netlink;
struct ruleset_guard;

struct fence {
	struct plan *plan;      /* owned */
	struct answers answers; /* in the inputs' arena */
	/* Held (fence_raise): the socket that owns the table; else NULL. */
	struct netlink *netlink;
	bool plain;         /* the names of its sets, for netlink_learn() */
	struct buf entries; /* of the policy (lib/entries.h), to be kept; owned */
};

/* Mode full and nothing to refuse: no fence, no capability, no question to DNS. */
bool fence_is_open(const struct policy *policy);

/* Needs NET_ADMIN unless the policy is full with nothing to refuse. `hold`: the table is held
 * (ruleset.h) until fence_release(). `guard`: what a guarded plan needs; else NULL. */
int fence_raise(const struct options *options, struct inputs *inputs, bool hold,
		const struct ruleset_guard *guard, struct fence *ret, struct error *err)
	MUST_CHECK;
void fence_release(struct fence *fence);

/* The same in two steps, for a guard that follows its policy. From inputs to plan, the site read
 * anew but for its resolvers, which are those of `resolvers`; the kernel is not touched: */
int fence_plan(const struct options *options, struct inputs *inputs,
	       const struct site *resolvers, struct fence *ret, struct error *err)
	MUST_CHECK;
/* In place of the fence that ret->netlink holds. A failure leaves that one. */
int fence_put(struct fence *ret, const struct ruleset_guard *guard, struct error *err)
	MUST_CHECK;

/* The differences between what is in force and what the kernel holds, in words. */
struct findings;
int fence_compare(const struct buf *sent, struct findings *differences, struct error *err)
	MUST_CHECK;

/* What other tables do to the packets that the fence decides about (lib/neighbours.h). */
int fence_neighbours(struct findings *findings, struct error *err) MUST_CHECK;

/* Does `inet netpale` stand? Needs NET_ADMIN. */
int fence_stands(bool *ret, struct error *err) MUST_CHECK;

/* For the start line: what stands; and what was skipped and what the project added. */
void fence_describe(const struct fence *fence, struct buf *out);
void fence_describe_names(const struct fence *fence, const struct inputs *inputs,
			  struct buf *out);
/* Both as the fields of an object (log_event()), "event" first; NULL: no memory. */
json_t *fence_describe_fields(const char *event, const struct fence *fence,
			      const struct inputs *inputs);
