#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/addr.h"
#include "lib/portset.h"

/* A map from addresses of one family to sets of ports, as a list of ranges; where no span lies
 * the set is empty. */

struct span {
	u128 first, last;
	portset ports;
};

struct spans {
	struct span *v; /* sorted, disjoint; neighbours with equal ports are joined */
	size_t count, capacity;
};

void spans_release(struct spans *spans);

/* Appends behind the last span; an empty set is left out. False when memory ran out. */
bool spans_add(struct spans *spans, u128 first, u128 last, portset ports) MUST_CHECK;

/* The set at one address: a binary search. spans_find: the first span that ends there or
 * behind, spans->count when there is none. */
portset spans_at(const struct spans *spans, u128 value);
size_t spans_find(const struct spans *spans, u128 value);

/* a = a ∪ b and a = a − b, at every address. The union may take what `b` holds. */
int spans_union(struct portsets *table, struct spans *a, struct spans *b,
		struct error *err) MUST_CHECK;
int spans_minus(struct portsets *table, struct spans *a, const struct spans *b,
		struct error *err) MUST_CHECK;
