#include "lib/spans.h"

#include <stdlib.h>

#include "lib/arena.h"
#include "lib/macros.h"

typedef int portset_operation(struct portsets *table, portset a, portset b, portset *ret,
			      struct error *err);

void spans_release(struct spans *spans)
{
	free(spans->v);
	*spans = (struct spans){ 0 };
}

bool spans_add(struct spans *spans, u128 first, u128 last, portset ports)
{
	struct span *end = spans->count ? &spans->v[spans->count - 1] : NULL;

	if (ports == PORTSET_EMPTY)
		return true;
	if (end && end->ports == ports && end->last + 1 == first) {
		end->last = last;
		return true;
	}
	if (!array_grow(&spans->v, &spans->capacity, spans->count, sizeof(*spans->v)))
		return false;
	spans->v[spans->count++] = (struct span){ first, last, ports };
	return true;
}

size_t spans_find(const struct spans *spans, u128 value)
{
	size_t low = 0, high = spans->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (spans->v[middle].last < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

portset spans_at(const struct spans *spans, u128 value)
{
	size_t at = spans_find(spans, value);

	if (at == spans->count || spans->v[at].first > value)
		return PORTSET_EMPTY;
	return spans->v[at].ports;
}

/* What one list says from `at` on: its ports, and in *end the last address for which it says
 * so. */
static portset look(const struct spans *spans, size_t *index, u128 at, u128 *end)
{
	const struct span *span;

	while (*index < spans->count && spans->v[*index].last < at)
		++*index;
	if (*index == spans->count)
		return PORTSET_EMPTY;
	span = &spans->v[*index];
	if (span->first > at) {
		if (*end > span->first - 1)
			*end = span->first - 1;
		return PORTSET_EMPTY;
	}
	if (*end > span->last)
		*end = span->last;
	return span->ports;
}

static int combine(struct portsets *table, portset_operation *operation, struct spans *a,
		   const struct spans *b, struct error *err)
{
	struct spans result CLEANUP(spans_release) = { 0 };
	size_t i = 0, j = 0;
	u128 at = 0;

	for (;;) {
		u128 end = ~(u128)0;
		portset x = look(a, &i, at, &end), y = look(b, &j, at, &end), ports;

		if (i == a->count && j == b->count)
			break;
		if (operation(table, x, y, &ports, err) < 0)
			return -1;
		if (!spans_add(&result, at, end, ports))
			return error_memory(err);
		if (end == ~(u128)0)
			break;
		at = end + 1;
	}
	free(a->v);
	*a = result;
	result = (struct spans){ 0 };
	return 0;
}

int spans_union(struct portsets *table, struct spans *a, struct spans *b,
		struct error *err)
{
	if (a->count == 0) {
		struct spans empty = *a;

		*a = *b;
		*b = empty;
		return 0;
	}
	return b->count ? combine(table, portset_union, a, b, err) : 0;
}

int spans_minus(struct portsets *table, struct spans *a, const struct spans *b,
		struct error *err)
{
	return a->count && b->count ? combine(table, portset_minus, a, b, err) : 0;
}
