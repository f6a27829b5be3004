#include "lib/draft.h"

#include <stdio.h>
#include <stdlib.h>

#include <netinet/in.h>

#include "lib/spans.h"

/* The sets of a guarded fence: what the guard has learned, class by class. */

const struct set set_forwarder = { "forwarder", KEY_SERVICE, SET_PLAIN };
const struct set set_lapsed[2] = { { "lapsed4", KEY_FLOW4, SET_RANGES },
				   { "lapsed6", KEY_FLOW6, SET_RANGES } };

static void fill_forwarder(struct builder *b, const struct draft *draft)
{
	const struct range port = { draft_port(draft), draft_port(draft) };

	set_begin(b, &set_forwarder);
	element_services(b, (struct range){ IPPROTO_TCP, IPPROTO_TCP }, port);
	element_services(b, (struct range){ IPPROTO_UDP, IPPROTO_UDP }, port);
	set_end(b);
}

static int check_classes(const struct draft *draft, const struct lease_op *ops,
			 size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (ops[i].class >= draft->plan->class_count)
			return error_set(err, ERROR_POLICY,
					 "a learned address of class %u, of %zu",
					 ops[i].class, draft->plan->class_count);
	return 0;
}

static int in_order(const void *a, const void *b)
{
	const struct lease_op *x = a, *y = b;

	return addr_compare(&x->addr, &y->addr);
}

/* The ports of classes may overlap, elements of the set must not: one address is one span,
 * with the ports of all its classes. */
static int join_lapsed(const struct draft *draft, const struct lease_op *ops,
		       size_t count, struct spans *ret, struct error *err)
{
	const struct plan *plan = draft->plan;

	for (size_t i = 0, next; i < count; i = next) {
		struct spans *spans = &ret[ops[i].addr.family == FAMILY_6];
		u128 value = ops[i].addr.value;
		portset ports = PORTSET_EMPTY;

		for (next = i; next < count && in_order(&ops[i], &ops[next]) == 0; next++)
			if (portset_union(plan->portsets, ports,
					  plan->classes[ops[next].class], &ports,
					  err) < 0)
				return -1;
		if (!spans_add(spans, value, value, ports))
			return error_memory(err);
	}
	return 0;
}

static int collect_lapsed(const struct draft *draft, struct spans *ret, struct error *err)
{
	const struct ruleset_guard *guard = draft->options->guard;
	struct lease_op *sorted;
	int result;

	if (!guard || guard->lapsed_count == 0)
		return 0;
	if (check_classes(draft, guard->lapsed, guard->lapsed_count, err) < 0)
		return -1;
	sorted = calloc(guard->lapsed_count, sizeof(*sorted));
	if (!sorted)
		return error_memory(err);
	for (size_t i = 0; i < guard->lapsed_count; i++)
		sorted[i] = guard->lapsed[i];
	qsort(sorted, guard->lapsed_count, sizeof(*sorted), in_order);
	result = join_lapsed(draft, sorted, guard->lapsed_count, ret, err);
	free(sorted);
	return result;
}

static void release_both(struct spans (*spans)[2])
{
	spans_release(&(*spans)[0]);
	spans_release(&(*spans)[1]);
}

static int fill_lapsed(struct builder *b, const struct draft *draft, struct error *err)
{
	struct spans lapsed[2] CLEANUP(release_both) = { 0 };

	if (collect_lapsed(draft, lapsed, err) < 0)
		return -1;
	for (size_t family = 0; family < 2; family++) {
		const struct spans *spans = &lapsed[family];

		set_begin(b, &set_lapsed[family]);
		for (size_t i = 0; i < spans->count; i++)
			add_ports(b, draft->plan, &spans->v[i], spans->v[i].ports);
		set_end(b);
	}
	return 0;
}

static void fill_live(struct builder *b, const struct draft *draft, size_t class,
		      const struct set *set)
{
	const struct ruleset_guard *guard = draft->options->guard;

	set_begin(b, set);
	for (size_t i = 0; guard && i < guard->live_count; i++) {
		const struct lease_op *op = &guard->live[i];

		if (op->class == class && op->addr.family == set_family(set))
			element_lease(b, op->addr.value, op->timeout_ms);
	}
	set_end(b);
}

static int describe_class(struct learned *learned, const struct plan *plan, size_t class,
			  struct error *err)
{
	portset id = plan->classes[class];

	for (size_t i = 0; i < 2; i++) {
		ruleset_learned_set(i ? FAMILY_6 : FAMILY_4, class, true,
				    learned->names[i]);
		learned->addrs[i] =
			(struct set){ learned->names[i], i ? KEY_ADDR6 : KEY_ADDR4,
				      SET_LEARNED };
	}
	snprintf(learned->names[2], RULESET_SET_NAME, "learned_ports_%zu", class);
	learned->ports = (struct set){ learned->names[2], KEY_SERVICE, SET_RANGES };
	learned->listed = id != PORTSET_EMPTY && id != PORTSET_ANY;
	learned->dns = portset_has(plan->portsets, id, 53) ||
		       portset_has(plan->portsets, id, PORTSET_UDP + 53);
	return portset_covers(plan->portsets, id, PORTSET_ANY, &learned->any, err);
}

static void fill_class(struct builder *b, struct draft *draft, size_t class)
{
	struct learned *learned = &draft->learned[class];
	portset id = draft->plan->classes[class];

	if (learned->listed) {
		set_begin(b, &learned->ports);
		if (learned->any)
			add_dns_ports(b, draft->plan, NULL, id);
		else
			add_ports(b, draft->plan, NULL, id);
		set_end(b);
	}
	for (size_t i = 0; i < 2; i++)
		fill_live(b, draft, class, &learned->addrs[i]);
}

int draft_fill_guard(struct builder *b, struct draft *draft, struct error *err)
{
	const struct ruleset_guard *guard = draft->options->guard;

	if (guard && check_classes(draft, guard->live, guard->live_count, err) < 0)
		return -1;
	fill_forwarder(b, draft);
	if (fill_lapsed(b, draft, err) < 0)
		return -1;
	draft->learned_count = draft->plan->class_count;
	for (size_t i = 0; i < draft->learned_count; i++) {
		if (describe_class(&draft->learned[i], draft->plan, i, err) < 0)
			return -1;
		fill_class(b, draft, i);
	}
	return 0;
}
