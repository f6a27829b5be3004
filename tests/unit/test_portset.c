#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/macros.h"
#include "lib/portset.h"

static struct error err;

static portset make(struct portsets *table, const struct port_range *ranges, size_t count)
{
	portset id;

	if (portset_make(table, ranges, count, &id, &err) < 0)
		fail_msg("%s", err.text);
	return id;
}

#define MAKE(table, ...)                                                                 \
	make(table, (struct port_range[]){ __VA_ARGS__ },                                \
	     sizeof((struct port_range[]){ __VA_ARGS__ }) / sizeof(struct port_range))

static void assert_ranges(struct portsets *table, portset id,
			  const struct port_range *wanted, size_t wanted_count)
{
	size_t count;
	const struct port_range *ranges = portset_ranges(table, id, &count);

	assert_int_equal(count, wanted_count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(ranges[i].first, wanted[i].first);
		assert_int_equal(ranges[i].last, wanted[i].last);
	}
}

static void equal_sets_have_equal_ids(void **state)
{
	CLEANUP(portsets_freep) struct portsets *table = portsets_new();
	static const struct port_range joined[] = { { 22, 22 }, { 80, 90 } };
	portset id;

	(void)state;
	id = MAKE(table, { 85, 90 }, { 22, 22 }, { 80, 84 }, { 81, 82 });
	assert_ranges(table, id, joined, ARRAY_SIZE(joined));
	assert_int_equal(id, make(table, joined, ARRAY_SIZE(joined)));
	assert_int_not_equal(id, MAKE(table, { 22, 22 }, { 80, 91 }));
	assert_int_equal(make(table, NULL, 0), PORTSET_EMPTY);
	assert_int_equal(MAKE(table, { 0, 7 }, { 8, PORTSET_LAST }), PORTSET_WHOLE);
}

static void any_leaves_out_the_dns_ports(void **state)
{
	CLEANUP(portsets_freep) struct portsets *table = portsets_new();
	size_t missing = 0;

	(void)state;
	for (uint32_t point = 0; point <= PORTSET_LAST; point++) {
		uint32_t port = point % PORTSET_UDP;
		bool is_dns = point != PORTSET_OTHER && (port == 53 || port == 853);

		assert_int_equal(portset_has(table, PORTSET_ANY, point), !is_dns);
		assert_true(portset_has(table, PORTSET_WHOLE, point));
		assert_false(portset_has(table, PORTSET_EMPTY, point));
		missing += is_dns;
	}
	assert_int_equal(missing, 4);
}

/* The operations against bit arrays, on the first points of the line. */
#define POINTS 24u

static uint32_t bits_of(const struct portsets *table, portset id)
{
	uint32_t bits = 0;

	for (uint32_t point = 0; point < POINTS; point++)
		bits |= (uint32_t)portset_has(table, id, point) << point;
	return bits;
}

static portset make_bits(struct portsets *table, uint32_t bits)
{
	struct port_range ranges[POINTS];
	size_t count = 0;

	for (uint32_t point = 0; point < POINTS; point++) {
		if (bits >> point & 1)
			ranges[count++] = (struct port_range){ point, point };
	}
	return make(table, ranges, count);
}

static void operations_are_those_of_sets(void **state)
{
	CLEANUP(portsets_freep) struct portsets *table = portsets_new();
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint32_t a, b;
		portset x, y, both, rest;
		bool covers;

		seed = seed * 1664525u + 1013904223u;
		a = seed >> 8 & seed >> 4 & ((1u << POINTS) - 1);
		seed = seed * 1664525u + 1013904223u;
		b = (i % 3 ? seed >> 8 : a & seed >> 3) & ((1u << POINTS) - 1);
		x = make_bits(table, a);
		y = make_bits(table, b);
		assert_int_equal(portset_union(table, x, y, &both, &err), 0);
		assert_int_equal(portset_minus(table, x, y, &rest, &err), 0);
		assert_int_equal(portset_covers(table, x, y, &covers, &err), 0);
		assert_int_equal(bits_of(table, both), a | b);
		assert_int_equal(bits_of(table, rest), a & ~b);
		assert_int_equal(covers, (a & b) == b);
		assert_int_equal(both, make_bits(table, a | b));
		assert_int_equal(rest, make_bits(table, a & ~b));
	}
}

static void holes_reach_over_several_ranges(void **state)
{
	CLEANUP(portsets_freep) struct portsets *table = portsets_new();
	static const struct port_range wanted[] = { { 1, 4 }, { 31, 40 } };
	portset a = MAKE(table, { 1, 10 }, { 20, 25 }, { 28, 40 });
	portset hole = MAKE(table, { 5, 30 }), rest;

	(void)state;
	assert_int_equal(portset_minus(table, a, hole, &rest, &err), 0);
	assert_ranges(table, rest, wanted, ARRAY_SIZE(wanted));
	assert_int_equal(portset_minus(table, PORTSET_WHOLE, PORTSET_ANY, &rest, &err),
			 0);
	assert_int_equal(rest, MAKE(table, { 53, 53 }, { 853, 853 },
				    { PORTSET_UDP + 53, PORTSET_UDP + 53 },
				    { PORTSET_UDP + 853, PORTSET_UDP + 853 }));
}

/* Ever new sets of many ranges: the table says no, long before memory does. */
static void too_many_sets_are_refused(void **state)
{
	CLEANUP(portsets_freep) struct portsets *table = portsets_new();
	struct port_range ranges[256];
	portset id;
	uint32_t made;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(ranges); i++)
		ranges[i] = (struct port_range){ i * 100, i * 100 };
	for (made = 0; made < 200000; made++) {
		ranges[255].last = ranges[255].first + made % 30000;
		ranges[254].last = ranges[254].first + made / 30000;
		if (portset_make(table, ranges, ARRAY_SIZE(ranges), &id, &err) < 0)
			break;
	}
	assert_in_range(made, 3000, 4000);
	assert_int_equal(err.kind, ERROR_POLICY);
	assert_string_equal(err.text, "too many different port lists");
	assert_true(portset_has(table, PORTSET_WHOLE, 1));
}

/* Equal results cost no room, but time: that has its end too. */
static void too_much_work_is_refused(void **state)
{
	CLEANUP(portsets_freep) struct portsets *table = portsets_new();
	struct port_range ranges[20000];
	portset id;
	int failed = 0;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(ranges); i++)
		ranges[i] = (struct port_range){ i * 3, i * 3 };
	for (int i = 0; i < 10000 && !failed; i++)
		failed = portset_make(table, ranges, ARRAY_SIZE(ranges), &id, &err);
	assert_int_equal(failed, -1);
	assert_int_equal(err.kind, ERROR_POLICY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_sets_have_equal_ids),
		cmocka_unit_test(any_leaves_out_the_dns_ports),
		cmocka_unit_test(operations_are_those_of_sets),
		cmocka_unit_test(holes_reach_over_several_ranges),
		cmocka_unit_test(too_many_sets_are_refused),
		cmocka_unit_test(too_much_work_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
