#include "lib/portset.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/macros.h"

/* Ranges read, written and compared, all calls together. A policy of 100,000 entries needs a
 * few millions; what is past this was written to keep us busy. About a quarter second. */
#define WORK_MAX 100000000u

#define MEMO_COUNT 4096u /* a power of two */

enum operation { OPERATION_NONE, OPERATION_UNION, OPERATION_MINUS };

struct set {
	uint32_t offset, count; /* in `ranges` */
	uint32_t hash;
};

struct memo {
	enum operation operation;
	portset a, b, result;
};

struct portsets {
	struct port_range *ranges; /* of all sets, one behind the other */
	size_t range_count, range_capacity;
	struct set *sets;
	size_t count, capacity;
	uint32_t *slots;            /* hash table: id + 1, or 0 */
	size_t slot_count;          /* a power of two */
	struct port_range *scratch; /* where the next set is made */
	size_t scratch_count, scratch_capacity;
	size_t work;
	struct memo memo[MEMO_COUNT];
};

static int too_many(struct error *err)
{
	return error_set(err, ERROR_POLICY, "too many different port lists");
}

static int spend(struct portsets *table, size_t work, struct error *err)
{
	if (work > WORK_MAX - table->work)
		return too_many(err);
	table->work += work;
	return 0;
}

/* Empties the scratch and makes room for `count` ranges. */
static int scratch_begin(struct portsets *table, size_t count, struct error *err)
{
	struct port_range *moved;

	table->scratch_count = 0;
	if (spend(table, count, err) < 0)
		return -1;
	if (count <= table->scratch_capacity)
		return 0;
	moved = realloc(table->scratch, count * sizeof(*moved));
	if (!moved)
		return error_memory(err);
	table->scratch = moved;
	table->scratch_capacity = count;
	return 0;
}

/* Appends, joining what touches. The callers come with ascending `first`. */
static void scratch_add(struct portsets *table, uint32_t first, uint32_t last)
{
	struct port_range *end = table->scratch + table->scratch_count;

	if (table->scratch_count && first <= end[-1].last + 1) {
		if (last > end[-1].last)
			end[-1].last = last;
		return;
	}
	*end = (struct port_range){ first, last };
	table->scratch_count++;
}

static uint32_t hash_ranges(const struct port_range *ranges, size_t count)
{
	uint64_t hash = count;

	for (size_t i = 0; i < count; i++) {
		hash ^= (uint64_t)ranges[i].first << 32 | ranges[i].last;
		hash *= 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
	}
	return (uint32_t)(hash >> 16);
}

static bool set_equals(const struct portsets *table, const struct set *set, uint32_t hash)
{
	return set->hash == hash && set->count == table->scratch_count &&
	       memcmp(table->ranges + set->offset, table->scratch,
		      set->count * sizeof(*table->ranges)) == 0;
}

static int slots_grow(struct portsets *table, struct error *err)
{
	size_t slot_count = table->slot_count ? table->slot_count * 2 : 256;
	uint32_t *slots = calloc(slot_count, sizeof(*slots));

	if (!slots)
		return error_memory(err);
	for (size_t id = 0; id < table->count; id++) {
		size_t at = table->sets[id].hash & (slot_count - 1);

		while (slots[at])
			at = (at + 1) & (slot_count - 1);
		slots[at] = (uint32_t)id + 1;
	}
	free(table->slots);
	table->slots = slots;
	table->slot_count = slot_count;
	return 0;
}

static int ranges_reserve(struct portsets *table, struct error *err)
{
	size_t wanted = table->range_count + table->scratch_count;
	struct port_range *moved;

	/* Every set costs one range more: that bounds the empty and the small ones too. */
	if (wanted + table->count > PORTSETS_RANGES)
		return too_many(err);
	if (wanted <= table->range_capacity)
		return 0;
	wanted += wanted / 2 + 64;
	moved = realloc(table->ranges, wanted * sizeof(*moved));
	if (!moved)
		return error_memory(err);
	table->ranges = moved;
	table->range_capacity = wanted;
	return 0;
}

/* A new set of what stands in the scratch, at the free slot `at`. */
static int set_append(struct portsets *table, uint32_t hash, size_t at, portset *ret,
		      struct error *err)
{
	if (ranges_reserve(table, err) < 0)
		return -1;
	if (!array_grow(&table->sets, &table->capacity, table->count,
			sizeof(*table->sets)))
		return error_memory(err);

	if (table->scratch_count)
		memcpy(table->ranges + table->range_count, table->scratch,
		       table->scratch_count * sizeof(*table->ranges));
	table->sets[table->count] = (struct set){
		.offset = (uint32_t)table->range_count,
		.count = (uint32_t)table->scratch_count,
		.hash = hash,
	};
	table->range_count += table->scratch_count;
	table->slots[at] = (uint32_t)table->count + 1;
	*ret = (portset)table->count++;
	return 0;
}

static int intern(struct portsets *table, portset *ret, struct error *err)
{
	uint32_t hash = hash_ranges(table->scratch, table->scratch_count);
	size_t at;

	if (table->count * 2 >= table->slot_count && slots_grow(table, err) < 0)
		return -1;
	for (at = hash & (table->slot_count - 1); table->slots[at];
	     at = (at + 1) & (table->slot_count - 1)) {
		portset id = table->slots[at] - 1;

		/* Chains are long only where somebody searched for equal hashes. */
		if (spend(table, 1, err) < 0)
			return -1;
		if (set_equals(table, &table->sets[id], hash)) {
			*ret = id;
			return 0;
		}
	}
	return set_append(table, hash, at, ret, err);
}

static int make_known(struct portsets *table, const struct port_range *ranges,
		      size_t count, portset wanted)
{
	struct error err;
	portset id;

	return portset_make(table, ranges, count, &id, &err) == 0 && id == wanted ? 0
										  : -1;
}

struct portsets *portsets_new(void)
{
	static const struct port_range whole[] = { { 0, PORTSET_LAST } };
	static const struct port_range any[] = {
		{ 0, 52 },
		{ 54, 852 },
		{ 854, PORTSET_UDP + 52 },
		{ PORTSET_UDP + 54, PORTSET_UDP + 852 },
		{ PORTSET_UDP + 854, PORTSET_LAST },
	};
	struct portsets *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	if (make_known(table, NULL, 0, PORTSET_EMPTY) < 0 ||
	    make_known(table, whole, ARRAY_SIZE(whole), PORTSET_WHOLE) < 0 ||
	    make_known(table, any, ARRAY_SIZE(any), PORTSET_ANY) < 0) {
		portsets_free(table);
		return NULL;
	}
	return table;
}

void portsets_free(struct portsets *table)
{
	if (!table)
		return;
	free(table->ranges);
	free(table->sets);
	free(table->slots);
	free(table->scratch);
	free(table);
}

static int compare_first(const void *a, const void *b)
{
	const struct port_range *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static bool is_sorted(const struct port_range *ranges, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (ranges[i - 1].first > ranges[i].first)
			return false;
	}
	return true;
}

int portset_make(struct portsets *table, const struct port_range *ranges, size_t count,
		 portset *ret, struct error *err)
{
	if (scratch_begin(table, count, err) < 0)
		return -1;
	if (count)
		memcpy(table->scratch, ranges, count * sizeof(*ranges));
	if (!is_sorted(table->scratch, count))
		qsort(table->scratch, count, sizeof(*ranges), compare_first);
	/* In place: what is written never overtakes what is read. */
	for (size_t i = 0; i < count; i++) {
		struct port_range range = table->scratch[i];

		scratch_add(table, range.first, range.last);
	}
	return intern(table, ret, err);
}

static void merge_union(struct portsets *table, const struct set *a, const struct set *b)
{
	const struct port_range *x = table->ranges + a->offset, *x_end = x + a->count;
	const struct port_range *y = table->ranges + b->offset, *y_end = y + b->count;

	while (x < x_end || y < y_end) {
		const struct port_range *next;

		if (y == y_end || (x < x_end && x->first <= y->first))
			next = x++;
		else
			next = y++;
		scratch_add(table, next->first, next->last);
	}
}

static void merge_minus(struct portsets *table, const struct set *a, const struct set *b)
{
	const struct port_range *x = table->ranges + a->offset, *x_end = x + a->count;
	const struct port_range *y = table->ranges + b->offset, *y_end = y + b->count;

	for (; x < x_end; x++) {
		uint32_t first = x->first;

		while (y < y_end && y->last < first)
			y++;
		/* The last hole may reach into the next range of `a`: it is not passed. */
		for (; y < y_end && y->first <= x->last; y++) {
			if (y->first > first)
				scratch_add(table, first, y->first - 1);
			first = y->last + 1;
			if (y->last >= x->last)
				break;
		}
		if (first <= x->last)
			scratch_add(table, first, x->last);
	}
}

static int operate(struct portsets *table, enum operation operation, portset a, portset b,
		   portset *ret, struct error *err)
{
	const struct set *x = &table->sets[a], *y = &table->sets[b];
	struct memo *memo =
		&table->memo[(a * 31 + b * 17 + operation) & (MEMO_COUNT - 1)];

	if (memo->operation == operation && memo->a == a && memo->b == b) {
		*ret = memo->result;
		return 0;
	}
	if (scratch_begin(table, (size_t)x->count + y->count, err) < 0)
		return -1;
	if (operation == OPERATION_UNION)
		merge_union(table, x, y);
	else
		merge_minus(table, x, y);
	if (intern(table, ret, err) < 0)
		return -1;
	*memo = (struct memo){ operation, a, b, *ret };
	return 0;
}

int portset_union(struct portsets *table, portset a, portset b, portset *ret,
		  struct error *err)
{
	if (a == b || b == PORTSET_EMPTY || a == PORTSET_WHOLE)
		*ret = a;
	else if (a == PORTSET_EMPTY || b == PORTSET_WHOLE)
		*ret = b;
	else
		return operate(table, OPERATION_UNION, a, b, ret, err);
	return 0;
}

int portset_minus(struct portsets *table, portset a, portset b, portset *ret,
		  struct error *err)
{
	if (a == PORTSET_EMPTY || b == PORTSET_EMPTY)
		*ret = a;
	else if (a == b || b == PORTSET_WHOLE)
		*ret = PORTSET_EMPTY;
	else
		return operate(table, OPERATION_MINUS, a, b, ret, err);
	return 0;
}

const struct port_range *portset_ranges(const struct portsets *table, portset id,
					size_t *ret_count)
{
	*ret_count = table->sets[id].count;
	return table->ranges + table->sets[id].offset;
}

bool portset_has(const struct portsets *table, portset id, uint32_t point)
{
	size_t low = 0, high;
	const struct port_range *ranges = portset_ranges(table, id, &high);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges[middle].last < point)
			low = middle + 1;
		else
			high = middle;
	}
	return low < table->sets[id].count && ranges[low].first <= point;
}

int portset_covers(struct portsets *table, portset a, portset b, bool *ret,
		   struct error *err)
{
	portset rest;

	if (portset_minus(table, b, a, &rest, err) < 0)
		return -1;
	*ret = rest == PORTSET_EMPTY;
	return 0;
}
