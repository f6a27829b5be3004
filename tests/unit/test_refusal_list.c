#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/refusal_list.h"

static const uint8_t key[HASH_KEY] = { 1, 2, 3 };

#define LINE(second, host, rest)                                                         \
	"{\"version\":1,\"time\":\"2026-11-21T16:43:" second                             \
	".000Z\",\"reason\":\"no entry\",\"names\":[\"" host                             \
	"\"],\"address\":\"198.51.100.7\",\"protocol\":\"tcp\",\"port\":443," rest "}\n"
#define START INT64_C(1795279380000) /* 16:43:00 */

struct reading {
	struct arena *arena;
	struct refusal_list list;
};

static void read_text(struct reading *reading, const char *text, int64_t since)
{
	struct error err;

	reading->arena = arena_new(0);
	assert_int_equal(refusal_list_read(&reading->list, text, strlen(text), since, key,
					   reading->arena, &err),
			 0);
}

static void release(struct reading *reading)
{
	refusal_list_release(&reading->list);
	arena_free(reading->arena);
}

static void what_is_the_same_is_added_up_in_the_order_of_the_last(void **state)
{
	struct reading reading;
	const struct refusal *v;

	(void)state;
	read_text(&reading,
		  LINE("10", "a.example", "\"count\":1,\"uid\":1000")
			  LINE("11", "b.example", "\"count\":5,\"uid\":1000") LINE(
				  "12", "a.example",
				  "\"count\":41,\"uid\":1000,"
				  "\"allow\":\"- a.example\"")
				  LINE("09", "a.example", "\"count\":1,\"uid\":1001"),
		  0);
	v = reading.list.v;
	assert_int_equal(reading.list.count, 3);
	assert_int_equal(v[0].uid, 1001);
	assert_string_equal(v[1].names[0], "b.example");
	assert_string_equal(v[2].names[0], "a.example");
	assert_int_equal(v[2].count, 42);
	assert_int_equal(v[2].time, START + 12000);
	assert_string_equal(v[2].allow, "- a.example");
	release(&reading);
}

/* A file written before and after a clock was set back. */
static void the_latest_line_tells_the_time(void **state)
{
	struct reading reading;

	(void)state;
	read_text(&reading,
		  LINE("12", "a.example", "\"count\":1,\"allow\":\"- new.example\"") LINE(
			  "10", "a.example", "\"count\":1,\"allow\":\"- old.example\""),
		  0);
	assert_int_equal(reading.list.count, 1);
	assert_int_equal(reading.list.v[0].time, START + 12000);
	assert_string_equal(reading.list.v[0].allow, "- new.example");
	release(&reading);
}

static void what_came_before_does_not_count(void **state)
{
	struct reading reading;

	(void)state;
	read_text(&reading,
		  LINE("10", "a.example", "\"count\":1")
			  LINE("11", "a.example", "\"count\":2")
				  LINE("12", "a.example", "\"count\":4"),
		  START + 11000);
	assert_int_equal(reading.list.count, 1);
	assert_int_equal(reading.list.v[0].count, 6);
	release(&reading);
}

static void what_is_no_line_is_skipped(void **state)
{
	struct reading reading;

	(void)state;
	read_text(&reading,
		  "\n\nnothing\n{\"version\":1}\n" LINE("10", "a\033[2J.example",
							"\"count\":1")
			  LINE("10", "a.example", "\"count\":1") "{\"version\":1,\"ti",
		  0);
	assert_int_equal(reading.list.count, 1);
	release(&reading);
	read_text(&reading, "", 0);
	assert_int_equal(reading.list.count, 0);
	release(&reading);
}

static void a_count_does_not_turn_over(void **state)
{
	struct reading reading;

	(void)state;
	read_text(&reading,
		  LINE("10", "a.example", "\"count\":9223372036854775807")
			  LINE("11", "a.example", "\"count\":9223372036854775807") LINE(
				  "12", "a.example", "\"count\":9223372036854775807"),
		  0);
	assert_int_equal(reading.list.count, 1);
	assert_true(reading.list.v[0].count > UINT64_C(9223372036854775807));
	release(&reading);
}

static void what_was_lost_is_told(void **state)
{
	char line[2 * REFUSAL_LINE];
	struct reading reading;
	size_t length;

	(void)state;
	length = refusal_print_lost(START, 40, line);
	line[length++] = '\n';
	length += refusal_print_lost(START + 1, 2, line + length);
	line[length] = '\0';
	read_text(&reading, line, 0);
	assert_int_equal(reading.list.lost, 42);
	assert_int_equal(reading.list.lost_time, START + 1);
	release(&reading);
	read_text(&reading, line, START + 1);
	assert_int_equal(reading.list.lost, 2);
	release(&reading);
}

/* As many as the two files can hold, all different. */
static void many_rows_are_found_fast(void **state)
{
	struct reading reading;
	struct buf text = { 0 };

	(void)state;
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < 5000; i++) {
			buf_puts(&text,
				 "{\"version\":1,\"time\":\"2026-11-21T16:43:00.000Z\","
				 "\"reason\":\"name refused\",\"count\":1,");
			buf_printf(&text, "\"names\":[\"h%u.example\"]}\n", i);
		}
	read_text(&reading, text.data, 0);
	assert_int_equal(reading.list.count, 5000);
	for (size_t i = 0; i < reading.list.count; i++)
		assert_int_equal(reading.list.v[i].count, 2);
	release(&reading);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_the_same_is_added_up_in_the_order_of_the_last),
		cmocka_unit_test(the_latest_line_tells_the_time),
		cmocka_unit_test(what_came_before_does_not_count),
		cmocka_unit_test(what_is_no_line_is_skipped),
		cmocka_unit_test(a_count_does_not_turn_over),
		cmocka_unit_test(what_was_lost_is_told),
		cmocka_unit_test(many_rows_are_found_fast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
