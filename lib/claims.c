#include "lib/claims.h"

#include <stdlib.h>

#include "lib/arena.h"
#include "lib/macros.h"

/* One range of ports that a rule speaks of. */
struct claim {
	struct port_range range;
	uint32_t rank; /* the lower wins: twice the width, deny before allow */
};

struct claims {
	struct claim *v; /* sorted by range.first */
	size_t count, capacity;
	const struct claim **heap; /* those begun, the lowest rank on top */
	size_t heap_count;
};

/* What the claims came to: neighbouring ranges, for each side. */
struct sides {
	struct port_range *v[2]; /* allow, deny */
	size_t count[2], capacity[2];
};

static void claims_release(struct claims *claims)
{
	free(claims->v);
	free(claims->heap);
}

static void sides_release(struct sides *sides)
{
	free(sides->v[0]);
	free(sides->v[1]);
}

/* A rule's ranges; those of a rule without ports. */
static const struct port_range *rule_ranges(const struct portsets *table,
					    const struct rule *rule, size_t *ret_count)
{
	if (rule->port_count == 0)
		return portset_ranges(table, rule->deny ? PORTSET_WHOLE : PORTSET_ANY,
				      ret_count);
	*ret_count = rule->port_count;
	return rule->ports;
}

static uint32_t rank(const struct rule *rule, const struct port_range *range)
{
	uint32_t width = range->last - range->first + 1;

	if (rule->port_count == 0)
		width = PORTSET_LAST + 1;
	if (rule->kind == RULE_WEAK)
		width = PORTSET_LAST + 2;
	return width * 2 + !rule->deny;
}

static int add_claims(struct claims *claims, const struct portsets *table,
		      const struct rule *rule, struct error *err)
{
	size_t count;
	const struct port_range *ranges = rule_ranges(table, rule, &count);

	for (size_t i = 0; i < count; i++) {
		if (!array_grow(&claims->v, &claims->capacity, claims->count,
				sizeof(*claims->v)))
			return error_memory(err);
		claims->v[claims->count++] =
			(struct claim){ ranges[i], rank(rule, &ranges[i]) };
	}
	return 0;
}

static int compare_first(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;

	return x->range.first < y->range.first ? -1 : x->range.first > y->range.first;
}

static void heap_push(struct claims *claims, const struct claim *claim)
{
	size_t at = claims->heap_count++;

	for (; at > 0 && claim->rank < claims->heap[(at - 1) / 2]->rank;
	     at = (at - 1) / 2)
		claims->heap[at] = claims->heap[(at - 1) / 2];
	claims->heap[at] = claim;
}

static void heap_pop(struct claims *claims)
{
	const struct claim *moved = claims->heap[--claims->heap_count];
	size_t at = 0, child;

	while ((child = at * 2 + 1) < claims->heap_count) {
		if (child + 1 < claims->heap_count &&
		    claims->heap[child + 1]->rank < claims->heap[child]->rank)
			child++;
		if (moved->rank <= claims->heap[child]->rank)
			break;
		claims->heap[at] = claims->heap[child];
		at = child;
	}
	claims->heap[at] = moved;
}

static bool sides_add(struct sides *sides, bool deny, uint32_t first, uint32_t last)
{
	if (!array_grow(&sides->v[deny], &sides->capacity[deny], sides->count[deny],
			sizeof(*sides->v[deny])))
		return false;
	sides->v[deny][sides->count[deny]++] = (struct port_range){ first, last };
	return true;
}

/* Along the line: the winner among the begun claims holds until it ends or another begins. */
static int settle(struct claims *claims, struct sides *sides, struct error *err)
{
	uint32_t at = 0;
	size_t i = 0;

	while (i < claims->count || claims->heap_count) {
		const struct claim *top;
		uint32_t end;

		if (!claims->heap_count)
			at = claims->v[i].range.first;
		for (; i < claims->count && claims->v[i].range.first <= at; i++)
			heap_push(claims, &claims->v[i]);
		top = claims->heap[0];
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): one begins at `at`. */
		if (top->range.last < at) {
			heap_pop(claims);
			continue;
		}
		end = top->range.last;
		if (i < claims->count && claims->v[i].range.first <= end)
			end = claims->v[i].range.first - 1;
		if (!sides_add(sides, top->rank % 2 == 0, at, end))
			return error_memory(err);
		at = end + 1;
	}
	return 0;
}

static int decide_many(struct portsets *table, struct claims *claims, struct ruling *ret,
		       struct error *err)
{
	struct sides sides CLEANUP(sides_release) = { 0 };

	qsort(claims->v, claims->count, sizeof(*claims->v), compare_first);
	claims->heap = calloc(claims->count, sizeof(const struct claim *));
	if (!claims->heap)
		return error_memory(err);
	if (settle(claims, &sides, err) < 0 ||
	    portset_make(table, sides.v[0], sides.count[0], &ret->allow, err) < 0 ||
	    portset_make(table, sides.v[1], sides.count[1], &ret->deny, err) < 0)
		return -1;
	return 0;
}

/* The usual case: nobody contradicts. */
static int decide_one(struct portsets *table, const struct rule *rule, struct ruling *ret,
		      struct error *err)
{
	portset ports = rule->deny ? PORTSET_WHOLE : PORTSET_ANY;

	if (rule->port_count &&
	    portset_make(table, rule->ports, rule->port_count, &ports, err) < 0)
		return -1;
	*ret = (struct ruling){ .allow = rule->deny ? PORTSET_EMPTY : ports,
				.deny = rule->deny ? ports : PORTSET_EMPTY };
	return 0;
}

int claims_decide(struct portsets *table, const struct rule *rules, size_t count,
		  unsigned kinds, struct ruling *ret, struct error *err)
{
	struct claims claims CLEANUP(claims_release) = { 0 };

	*ret = (struct ruling){ PORTSET_EMPTY, PORTSET_EMPTY };
	if (count == 1 && 1u << rules->kind & kinds)
		return decide_one(table, rules, ret, err);
	for (size_t i = 0; i < count; i++) {
		if (1u << rules[i].kind & kinds &&
		    add_claims(&claims, table, &rules[i], err) < 0)
			return -1;
	}
	return claims.count ? decide_many(table, &claims, ret, err) : 0;
}
