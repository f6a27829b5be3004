#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/refusals.h"
#include "tests/unit/heap.h"

#define START INT64_C(1795279407120)

static const uint8_t key[HASH_KEY] = { 3, 1, 4, 1, 5 };
static struct refusals *refusals;

static int set_up(void **state)
{
	(void)state;
	refusals = refusals_new(key);
	return refusals ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	refusals_free(refusals);
	return 0;
}

/* The packet of a row, told apart by its address. */
static struct refusal packet(uint32_t number, int64_t time)
{
	return (struct refusal){
		.time = time,
		.count = 1,
		.reason = REFUSAL_NO_ENTRY,
		.has_addr = true,
		.addr = { .value = 0xcb007100u + number, .family = FAMILY_4 },
		.protocol = IPPROTO_TCP,
		.port = 443,
	};
}

static void add(uint32_t number, int64_t time)
{
	struct refusal refusal = packet(number, time);

	refusals_add(refusals, &refusal);
}

static bool is_next(uint32_t number, uint64_t count, int64_t now)
{
	struct refusal refusal, wanted = packet(number, 0);

	return refusals_next(refusals, now, &refusal) &&
	       refusal_same(&refusal, &wanted) && refusal.count == count;
}

static bool is_silent(int64_t now)
{
	struct refusal refusal;

	return !refusals_next(refusals, now, &refusal);
}

static void tells_what_is_new_at_once(void **state)
{
	(void)state;
	assert_true(refusals_due(refusals) == -1);
	assert_true(is_silent(START));
	add(1, START);
	add(2, START + 1);
	assert_true(refusals_due(refusals) == START);
	assert_true(is_silent(START - 1));
	assert_true(is_next(1, 1, START + 1));
	assert_true(is_next(2, 1, START + 1));
	assert_true(is_silent(START + 1));
	assert_true(refusals_due(refusals) == -1);
	assert_true(is_silent(START + 1000000));
}

/* A hundred a second: told after 0, 1, 3, 7 ... seconds, then once a minute; nothing is left out. */
static void tells_less_and_less_of_what_goes_on(void **state)
{
	static const int64_t times[] = { 0,     1000,  3000,   7000,   15000,
					 31000, 63000, 123000, 183000, 243000 };
	uint64_t told = 0;
	size_t rows = 0;

	(void)state;
	for (int64_t time = START; time <= START + 243000; time += 10) {
		struct refusal refusal;

		add(1, time);
		if (!refusals_next(refusals, time, &refusal))
			continue;
		assert_true(rows < sizeof(times) / sizeof(times[0]));
		assert_true(time == START + times[rows]);
		assert_true(refusal.time == time);
		told += refusal.count;
		rows++;
	}
	assert_int_equal(rows, sizeof(times) / sizeof(times[0]));
	assert_int_equal(told, 24301);
}

static void begins_anew_after_silence(void **state)
{
	(void)state;
	add(1, START);
	assert_true(is_next(1, 1, START));
	add(1, START + 10);
	add(1, START + 20);
	assert_true(refusals_due(refusals) == START + 1000);
	assert_true(is_silent(START + 999));
	assert_true(is_next(1, 2, START + 1000));
	assert_true(is_silent(START + 1000));
	/* Silent for two seconds now; then quiet for two more. */
	add(1, START + 5000);
	assert_true(is_next(1, 1, START + 5000));
	add(1, START + 5001);
	assert_true(is_next(1, 1, START + 6000));
}

/* Ever more rows, more than anybody could read: in no second more than the rate. */
static void keeps_to_the_rate(void **state)
{
	int64_t told[3000];
	size_t count = 0;

	(void)state;
	for (uint32_t i = 0; i < 10000; i++) {
		int64_t now = START + i;
		struct refusal refusal;

		add(i, now);
		while (refusals_next(refusals, now, &refusal)) {
			assert_true(count < sizeof(told) / sizeof(told[0]));
			told[count++] = now;
		}
	}
	assert_true(count >= 9 * REFUSALS_RATE);
	for (size_t i = REFUSALS_RATE; i < count; i++)
		assert_true(told[i] - told[i - REFUSALS_RATE] >= 1000);
}

/* 10,000 distinct ones a second for ten seconds, among them one that comes again and again. */
static void counts_add_up_under_a_flood(void **state)
{
	struct refusals_totals totals;
	struct refusal refusal;
	uint64_t told = 0, rest = 0, again = 0, rows = 0;

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		int64_t now = START + i / 10;

		add(i, now);
		refusal = packet(0, now);
		refusal.reason = REFUSAL_RAW;
		if (i % 100 == 0)
			refusals_add(refusals, &refusal);
		while (refusals_next(refusals, now, &refusal)) {
			told += refusal.count;
			again += refusal.reason == REFUSAL_RAW ? refusal.count : 0;
		}
	}
	while (refusals_rest(refusals, &refusal)) {
		rest += refusal.count;
		again += refusal.reason == REFUSAL_RAW ? refusal.count : 0;
		rows++;
	}
	totals = refusals_totals(refusals);
	assert_int_equal(totals.counts[REFUSAL_NO_ENTRY], 100000);
	assert_int_equal(totals.counts[REFUSAL_RAW], 1000);
	assert_int_equal(told + rest + totals.lost, 101000);
	assert_int_equal(again, 1000);
	assert_true(rows <= REFUSALS_MAX);
	assert_true(totals.lost > 0);
	assert_true(refusals_due(refusals) == -1);
}

/* Whoever fills the table pushes out what is old, not what goes on. */
static void makes_room_by_age(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < REFUSALS_MAX; i++)
		add(i, START);
	add(0, START + 1);
	add(REFUSALS_MAX, START + 1);
	assert_int_equal(refusals_totals(refusals).lost, 1);
	assert_true(is_next(0, 2, START + 1));
	assert_true(is_next(2, 1, START + 1));
}

static void tells_the_rest_whatever_the_time(void **state)
{
	struct refusal refusal;

	(void)state;
	add(1, START);
	assert_true(is_next(1, 1, START));
	add(1, START);
	add(1, START);
	assert_true(is_silent(START));
	assert_true(refusals_rest(refusals, &refusal));
	assert_int_equal(refusal.count, 2);
	assert_false(refusals_rest(refusals, &refusal));
	assert_int_equal(refusals_totals(refusals).lost, 0);
}

/* The machine's clock is set back by a day: rows are told within the minute all the same. */
static void outlives_a_clock_set_back(void **state)
{
	int64_t before = START - 86400000;

	(void)state;
	for (int i = 0; i < 60; i++)
		add((uint32_t)i, START);
	for (int i = 0; i < (int)REFUSALS_RATE; i++)
		assert_true(is_next((uint32_t)i, 1, START));
	assert_true(is_silent(START));
	assert_true(is_next(50, 1, before));
	add(1, before);
	assert_true(is_next(51, 1, before));
	for (int i = 52; i < 60; i++)
		assert_true(is_next((uint32_t)i, 1, before));
	assert_true(is_next(1, 1, before));
}

static void keeps_texts_of_its_own(void **state)
{
	char name[] = "a.example", other[] = "b.example", allow[] = "- a.example",
	     rule[] = "policy.yml:4";
	struct refusal refusal = packet(1, START), told;

	(void)state;
	refusal.names[refusal.name_count++] = name;
	refusal.names[refusal.name_count++] = other;
	refusal.allow = allow;
	refusal.rule = rule;
	refusals_add(refusals, &refusal);
	other[0] = 'c';
	refusals_add(refusals, &refusal);
	name[0] = allow[2] = rule[0] = other[0] = 'x';
	assert_true(refusals_next(refusals, START, &told));
	assert_int_equal(told.count, 2);
	assert_int_equal(told.name_count, 2);
	assert_string_equal(told.names[0], "a.example");
	assert_string_equal(told.names[1], "c.example");
	assert_string_equal(told.allow, "- a.example");
	assert_string_equal(told.rule, "policy.yml:4");
}

/* All of 1,024 bytes for what is said of one; further names are the first to go. */
static void bounds_the_texts_of_a_row(void **state)
{
	char names[REFUSAL_NAMES][250], allow[520];
	struct refusal refusal = packet(1, START), told;

	(void)state;
	for (size_t i = 0; i < REFUSAL_NAMES; i++) {
		memset(names[i], (int)('a' + i), sizeof(names[i]) - 1);
		names[i][sizeof(names[i]) - 1] = '\0';
		refusal.names[refusal.name_count++] = names[i];
	}
	memset(allow, '-', sizeof(allow) - 1);
	allow[sizeof(allow) - 1] = '\0';
	refusal.allow = allow;
	refusal.rule = "policy.yml:4";
	refusals_add(refusals, &refusal);
	refusals_add(refusals, &refusal);
	assert_true(refusals_next(refusals, START, &told));
	assert_int_equal(told.count, 2);
	assert_int_equal(told.name_count, 1);
	assert_string_equal(told.names[0], names[0]);
	assert_string_equal(told.allow, allow);
	assert_string_equal(told.rule, "policy.yml:4");
}

/* A row that is over gives its place to the next one, so that weeks of them need no more memory. */
static void forgets_what_is_over(void **state)
{
	size_t before = heap();

	(void)state;
	for (uint32_t i = 0; i < 10000; i++) {
		int64_t now = START + 5000 * (int64_t)i;

		add(i, now);
		assert_true(is_next(i, 1, now));
	}
	assert_true(heap() - before < 8192);
	assert_int_equal(refusals_totals(refusals).lost, 0);
}

/* The longest texts in every row. */
static void is_bounded_in_memory(void **state)
{
	char name[250], allow[520];
	size_t before = heap();

	(void)state;
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	memset(allow, '-', sizeof(allow));
	allow[sizeof(allow) - 1] = '\0';
	for (uint32_t i = 0; i < 4 * REFUSALS_MAX; i++) {
		struct refusal refusal = packet(i, START);

		while (refusal.name_count < REFUSAL_NAMES)
			refusal.names[refusal.name_count++] = name;
		refusal.allow = refusal.rule = allow;
		refusals_add(refusals, &refusal);
	}
	assert_true(heap() - before < 3u << 19);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_what_is_new_at_once),
		TEST(tells_less_and_less_of_what_goes_on),
		TEST(begins_anew_after_silence),
		TEST(keeps_to_the_rate),
		TEST(counts_add_up_under_a_flood),
		TEST(makes_room_by_age),
		TEST(tells_the_rest_whatever_the_time),
		TEST(outlives_a_clock_set_back),
		TEST(keeps_texts_of_its_own),
		TEST(bounds_the_texts_of_a_row),
		TEST(forgets_what_is_over),
		TEST(is_bounded_in_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
