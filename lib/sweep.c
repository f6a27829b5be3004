#include "lib/sweep.h"

#include <stdlib.h>

#include "lib/arena.h"
#include "lib/claims.h"
#include "lib/macros.h"

#define KINDS_PLAIN (1u << RULE_ENTRY | 1u << RULE_WEAK)
#define KINDS_ALL (KINDS_PLAIN | 1u << RULE_ATTACHED)

/* A prefix that encloses the place where the sweep is. */
struct level {
	u128 last;
	struct ruling plain; /* of its rules but RULE_ATTACHED */
	struct ruling
		now; /* of all its rules, and where they are silent of those around */
};

struct sweep {
	struct portsets *table;
	struct level stack[1 + 129]; /* the whole space, and one for each prefix length */
	size_t depth;
	u128 at;    /* all before it is written */
	bool ended; /* `at` ran over the last address */
	struct spans *allow, *deny;
};

bool rules_add(struct rules *rules, const struct rule *rule)
{
	if (!array_grow(&rules->v, &rules->capacity, rules->count, sizeof(*rules->v)))
		return false;
	rules->v[rules->count++] = *rule;
	return true;
}

void rules_release(struct rules *rules)
{
	free(rules->v);
	*rules = (struct rules){ 0 };
}

void verdicts_release(struct verdicts *verdicts)
{
	for (int i = 0; i < 2; i++) {
		spans_release(&verdicts->allow[i]);
		spans_release(&verdicts->deny[i]);
	}
}

static int compare_rules(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	if (x->base != y->base)
		return x->base < y->base ? -1 : 1;
	return (int)x->length - (int)y->length;
}

size_t rules_find(const struct rules *rules, const struct prefix *prefix)
{
	const struct rule key = { .base = prefix->base.value,
				  .family = (uint8_t)prefix->base.family,
				  .length = prefix->length };
	size_t low = 0, high = rules->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_rules(&rules->v[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void sort_rules(struct rules *rules)
{
	for (size_t i = 1; i < rules->count; i++) {
		if (compare_rules(&rules->v[i - 1], &rules->v[i]) > 0) {
			qsort(rules->v, rules->count, sizeof(*rules->v), compare_rules);
			return;
		}
	}
}

/* `over` where it speaks, else `under`. */
static int override(struct portsets *table, const struct ruling *under,
		    const struct ruling *over, struct ruling *ret, struct error *err)
{
	struct ruling rest;

	if (portset_minus(table, under->allow, over->deny, &rest.allow, err) < 0 ||
	    portset_union(table, rest.allow, over->allow, &ret->allow, err) < 0 ||
	    portset_minus(table, under->deny, over->allow, &rest.deny, err) < 0 ||
	    portset_union(table, rest.deny, over->deny, &ret->deny, err) < 0)
		return -1;
	return 0;
}

/* Writes what the innermost level says, up to `last`. */
static int write_to(struct sweep *sweep, u128 last, u128 max, struct error *err)
{
	const struct ruling *now = &sweep->stack[sweep->depth - 1].now;

	if (sweep->ended || sweep->at > last)
		return 0;
	if (!spans_add(sweep->allow, sweep->at, last, now->allow) ||
	    !spans_add(sweep->deny, sweep->at, last, now->deny))
		return error_memory(err);
	sweep->ended = last == max;
	sweep->at = last + 1;
	return 0;
}

/* What encloses a hole, as if there were no RULE_ATTACHED. */
static int around_hole(struct sweep *sweep, struct ruling *ret, struct error *err)
{
	*ret = (struct ruling){ PORTSET_EMPTY, PORTSET_EMPTY };
	for (size_t i = 0; i < sweep->depth; i++) {
		struct ruling under = *ret;

		if (override(sweep->table, &under, &sweep->stack[i].plain, ret, err) < 0)
			return -1;
	}
	return 0;
}

static bool has_kind(const struct rule *rules, size_t count, enum rule_kind kind)
{
	for (size_t i = 0; i < count; i++) {
		if (rules[i].kind == kind)
			return true;
	}
	return false;
}

/* Opens the level of `count` rules with one prefix. */
static int enter(struct sweep *sweep, const struct rule *rules, size_t count, u128 last,
		 struct error *err)
{
	bool hole = has_kind(rules, count, RULE_HOLE);
	bool attached = !hole && has_kind(rules, count, RULE_ATTACHED);
	struct ruling around = sweep->stack[sweep->depth - 1].now, own;
	struct level *level = &sweep->stack[sweep->depth];

	level->last = last;
	if (hole && around_hole(sweep, &around, err) < 0)
		return -1;
	if (claims_decide(sweep->table, rules, count, KINDS_PLAIN, &level->plain, err) <
	    0)
		return -1;
	own = level->plain;
	if (attached &&
	    claims_decide(sweep->table, rules, count, KINDS_ALL, &own, err) < 0)
		return -1;
	if (override(sweep->table, &around, &own, &level->now, err) < 0)
		return -1;
	sweep->depth++;
	return 0;
}

static int leave_before(struct sweep *sweep, u128 base, u128 max, struct error *err)
{
	for (; sweep->stack[sweep->depth - 1].last < base; sweep->depth--) {
		if (write_to(sweep, sweep->stack[sweep->depth - 1].last, max, err) < 0)
			return -1;
	}
	return base > 0 ? write_to(sweep, base - 1, max, err) : 0;
}

static int sweep_family(struct sweep *sweep, const struct rule *rules, size_t count,
			enum family family, struct error *err)
{
	u128 max = addr_max(family);
	size_t next;

	sweep->stack[0] = (struct level){ .last = max };
	sweep->depth = 1;
	for (size_t i = 0; i < count; i = next) {
		struct prefix prefix = { { rules[i].base, family }, rules[i].length };

		for (next = i + 1; next < count; next++) {
			if (compare_rules(&rules[i], &rules[next]) != 0)
				break;
		}
		if (leave_before(sweep, rules[i].base, max, err) < 0 ||
		    enter(sweep, rules + i, next - i, prefix_last(&prefix), err) < 0)
			return -1;
	}
	for (; sweep->depth > 0; sweep->depth--) {
		if (write_to(sweep, sweep->stack[sweep->depth - 1].last, max, err) < 0)
			return -1;
	}
	return 0;
}

int sweep(struct portsets *table, struct rules *rules, struct verdicts *ret,
	  struct error *err)
{
	size_t first = 0;

	sort_rules(rules);
	for (int i = 0; i < 2; i++) {
		enum family family = i ? FAMILY_6 : FAMILY_4;
		struct sweep state = { .table = table,
				       .allow = &ret->allow[i],
				       .deny = &ret->deny[i] };
		size_t end = first;

		while (end < rules->count && rules->v[end].family == family)
			end++;
		if (end > first &&
		    sweep_family(&state, rules->v + first, end - first, family, err) < 0)
			return -1;
		first = end;
	}
	return 0;
}
