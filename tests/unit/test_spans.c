#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/macros.h"
#include "lib/spans.h"

static struct error err;

static void neighbours_with_equal_ports_are_joined(void **state)
{
	struct spans spans CLEANUP(spans_release) = { 0 };

	(void)state;
	assert_true(spans_add(&spans, 1, 4, PORTSET_ANY));
	assert_true(spans_add(&spans, 5, 5, PORTSET_EMPTY));
	assert_true(spans_add(&spans, 5, 7, PORTSET_ANY));
	assert_true(spans_add(&spans, 8, 9, PORTSET_WHOLE));
	assert_true(spans_add(&spans, 11, 12, PORTSET_WHOLE));
	assert_int_equal(spans.count, 3);
	assert_int_equal(spans_at(&spans, 0), PORTSET_EMPTY);
	assert_int_equal(spans_at(&spans, 1), PORTSET_ANY);
	assert_int_equal(spans_at(&spans, 7), PORTSET_ANY);
	assert_int_equal(spans_at(&spans, 8), PORTSET_WHOLE);
	assert_int_equal(spans_at(&spans, 10), PORTSET_EMPTY);
	assert_int_equal(spans_at(&spans, 12), PORTSET_WHOLE);
	assert_int_equal(spans_at(&spans, 13), PORTSET_EMPTY);
	assert_int_equal(spans_find(&spans, 10), 2);
	assert_int_equal(spans_find(&spans, 13), 3);
}

/* Up to the last address there is, where the next one is zero again. */
static void the_last_address_is_no_trap(void **state)
{
	CLEANUP(portsets_freep) struct portsets *table = portsets_new();
	struct spans all CLEANUP(spans_release) = { 0 },
			 some CLEANUP(spans_release) = { 0 };
	u128 max = addr_max(FAMILY_6);

	(void)state;
	assert_true(spans_add(&all, 0, max, PORTSET_WHOLE));
	assert_true(spans_add(&some, 0, 0, PORTSET_WHOLE));
	assert_true(spans_add(&some, max, max, PORTSET_WHOLE));
	assert_int_equal(spans_minus(table, &all, &some, &err), 0);
	assert_int_equal(all.count, 1);
	assert_true(all.v[0].first == 1 && all.v[0].last == max - 1);
	assert_int_equal(spans_union(table, &all, &some, &err), 0);
	assert_int_equal(all.count, 1);
	assert_true(all.v[0].first == 0 && all.v[0].last == max);
}

#define ADDRS 12
#define SETS 4

static void assert_sane(const struct spans *spans)
{
	for (size_t i = 0; i < spans->count; i++) {
		const struct span *span = &spans->v[i];

		assert_true(span->first <= span->last);
		assert_int_not_equal(span->ports, PORTSET_EMPTY);
		if (i > 0) {
			assert_true(span[-1].last < span->first);
			assert_false(span[-1].last + 1 == span->first &&
				     span[-1].ports == span->ports);
		}
	}
}

static uint32_t seed = 1;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 10) % below;
}

static void fill(struct spans *spans, portset *line, const portset *sets)
{
	for (unsigned i = 0; i < ADDRS; i++) {
		line[i] = sets[i && draw(2) ? draw(SETS) : 0];
		assert_true(spans_add(spans, i, i, line[i]));
	}
}

/* Against a plain array of sets. */
static void algebra_is_that_of_each_address(void **state)
{
	CLEANUP(portsets_freep) struct portsets *table = portsets_new();
	static const struct port_range low = { 10, 20 }, high = { 15, 30 };
	portset sets[SETS] = { PORTSET_EMPTY, PORTSET_WHOLE };

	(void)state;
	assert_int_equal(portset_make(table, &low, 1, &sets[2], &err), 0);
	assert_int_equal(portset_make(table, &high, 1, &sets[3], &err), 0);
	for (int round = 0; round < 5000; round++) {
		struct spans a CLEANUP(spans_release) = { 0 },
			       b CLEANUP(spans_release) = { 0 };
		portset x[ADDRS], y[ADDRS], wanted;
		bool minus = round % 2;

		fill(&a, x, sets);
		fill(&b, y, sets);
		assert_int_equal(minus ? spans_minus(table, &a, &b, &err)
				       : spans_union(table, &a, &b, &err),
				 0);
		assert_sane(&a);
		for (unsigned i = 0; i < ADDRS; i++) {
			int failed = (minus ? portset_minus : portset_union)(
				table, x[i], y[i], &wanted, &err);

			assert_int_equal(failed, 0);
			assert_int_equal(spans_at(&a, i), wanted);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_with_equal_ports_are_joined),
		cmocka_unit_test(the_last_address_is_no_trap),
		cmocka_unit_test(algebra_is_that_of_each_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
