#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/told.h"
#include "tests/unit/heap.h"

/* What was told is told again: the same bytes, for the time that is left of it. */

static const uint8_t key[HASH_KEY] = "not random here";
static struct told *told;
static struct dnsmsg_kept found;
static uint32_t ttl;

static int set_up(void **state)
{
	(void)state;
	told = told_new(key);
	return told ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	told_free(told);
	return 0;
}

static void keep(const char *host, uint16_t type, const char *bytes, int64_t until,
		 int64_t now)
{
	const struct dnsmsg_kept kept = { (const uint8_t *)bytes, strlen(bytes), 1 };

	told_keep(told, host, type, &kept, until, now);
}

static bool finds(const char *host, uint16_t type, int64_t now)
{
	return told_find(told, host, type, now, &found, &ttl);
}

static void assert_found(const char *bytes, uint32_t left)
{
	assert_int_equal(found.length, strlen(bytes));
	assert_memory_equal(found.bytes, bytes, found.length);
	assert_int_equal(found.count, 1);
	assert_int_equal(ttl, left);
}

static void by_its_name_and_type_alone(void **state)
{
	(void)state;
	keep("a.example", 1, "four", 60000, 0);
	keep("a.example", 28, "six", 60000, 0);
	assert_true(finds("a.example", 1, 0));
	assert_found("four", 60);
	assert_true(finds("a.example", 28, 0));
	assert_found("six", 60);
	assert_false(finds("a.example", 15, 0));
	assert_false(finds("a.exampl", 1, 0));
	assert_false(finds("a.example.org", 1, 0));
	assert_false(finds("b.example", 1, 0));
}

static void for_what_is_left_of_its_time(void **state)
{
	(void)state;
	keep("a.example", 1, "x", 10000, 0);
	assert_true(finds("a.example", 1, 1));
	assert_found("x", 9);
	assert_true(finds("a.example", 1, 9000));
	assert_found("x", 1);
	assert_false(finds("a.example", 1, 9001));
	assert_false(finds("a.example", 1, 10000));
	assert_false(finds("a.example", 1, 99999));
}

static void the_latest_counts(void **state)
{
	(void)state;
	keep("a.example", 1, "first", 60000, 0);
	keep("a.example", 1, "second", 5000, 1000);
	assert_true(finds("a.example", 1, 1000));
	assert_found("second", 4);
	assert_false(finds("a.example", 1, 5000));
}

static void a_long_one_is_not_kept_nor_the_one_before(void **state)
{
	char bytes[TOLD_BYTES + 2];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	bytes[TOLD_BYTES] = '\0';
	keep("a.example", 1, bytes, 60000, 0);
	assert_true(finds("a.example", 1, 0));
	bytes[TOLD_BYTES] = 'x';
	bytes[TOLD_BYTES + 1] = '\0';
	keep("a.example", 1, bytes, 60000, 0);
	assert_false(finds("a.example", 1, 0));
}

static void nothing_is_left_when_it_is_forgotten(void **state)
{
	size_t before = heap();

	(void)state;
	for (int round = 0; round < 2; round++) {
		keep("a.example", 1, "x", 60000, 0);
		keep("b.example", 1, "y", 60000, 0);
		told_forget(told);
		assert_false(finds("a.example", 1, 0));
		assert_false(finds("b.example", 1, 0));
		assert_int_equal(heap(), before);
	}
	keep("a.example", 1, "z", 60000, 0);
	assert_true(finds("a.example", 1, 0));
}

static const char *name(unsigned i)
{
	static char text[32];

	snprintf(text, sizeof(text), "n%u.example", i);
	return text;
}

static void the_oldest_makes_room(void **state)
{
	size_t full;

	(void)state;
	for (unsigned i = 0; i < TOLD_MAX; i++)
		keep(name(i + 10000), 1, "x", 60000, 0);
	full = heap();
	assert_true(finds(name(10000), 1, 0));
	for (unsigned i = 0; i < TOLD_MAX; i++)
		keep(name(i + 50000), 1, "x", 60000, 0);
	assert_int_equal(heap(), full);
	for (unsigned i = 0; i < TOLD_MAX; i++) {
		assert_false(finds(name(i + 10000), 1, 0));
		assert_true(finds(name(i + 50000), 1, 0));
	}
}

static void what_is_over_takes_no_room(void **state)
{
	size_t one, before = heap();

	(void)state;
	keep(name(99), 1, "x", 1000, 0);
	one = heap() - before;
	for (unsigned i = 0; i < 99; i++)
		keep(name(10 + i), 1, "x", 1000, 0);
	keep(name(10), 1, "x", 60000, 1000);
	assert_int_equal(heap() - before, one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(by_its_name_and_type_alone, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(for_what_is_left_of_its_time, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_latest_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_long_one_is_not_kept_nor_the_one_before,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_is_left_when_it_is_forgotten,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_oldest_makes_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_over_takes_no_room, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
