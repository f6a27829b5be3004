#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/dnsmsg.h"

static struct dnsmsg_stream stream;

/* As many of the bytes as fit; how many that was. */
static size_t feed(const uint8_t *bytes, size_t count)
{
	size_t room;
	uint8_t *at = dnsmsg_stream_room(&stream, &room);

	if (count > room)
		count = room;
	memcpy(at, bytes, count);
	stream.length += count;
	return count;
}

/* Messages of 1, 2, 3, ... bytes, each of which is its length. */
static size_t compose_stream(uint8_t *bytes, size_t messages)
{
	size_t at = 0;

	for (size_t i = 1; i <= messages; i++) {
		bytes[at++] = (uint8_t)(i >> 8);
		bytes[at++] = (uint8_t)i;
		memset(bytes + at, (int)(i & 0xff), i);
		at += i;
	}
	return at;
}

static void a_stream_falls_into_its_messages(void **state)
{
	static const size_t chunks[] = { 1, 2, 3, 7, 100, 1000, 4098, 100000 };
	static uint8_t bytes[200000], message[DNSMSG_QUERY_BYTES];
	size_t total = compose_stream(bytes, 500), got;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(chunks); i++) {
		size_t next = 1;

		stream = (struct dnsmsg_stream){ 0 };
		for (size_t at = 0; at < total;) {
			size_t left = total - at;

			got = feed(bytes + at, left < chunks[i] ? left : chunks[i]);
			assert_true(got > 0);
			at += got;
			while (dnsmsg_stream_next(&stream, message, &got) ==
			       DNSMSG_MESSAGE) {
				assert_int_equal(got, next);
				for (size_t j = 0; j < got; j++)
					assert_int_equal(message[j], next & 0xff);
				next++;
			}
		}
		assert_int_equal(next, 501);
		assert_int_equal(dnsmsg_stream_next(&stream, message, &got), DNSMSG_MORE);
		assert_int_equal(stream.length, 0);
	}
}

static void the_longest_query_passes(void **state)
{
	static uint8_t bytes[2 + 4096] = "\x10\x00", message[DNSMSG_QUERY_BYTES];
	size_t got;

	(void)state;
	stream = (struct dnsmsg_stream){ 0 };
	assert_int_equal(feed(bytes, sizeof(bytes) - 1), sizeof(bytes) - 1);
	assert_int_equal(dnsmsg_stream_next(&stream, message, &got), DNSMSG_MORE);
	assert_int_equal(feed(bytes + sizeof(bytes) - 1, 1), 1);
	assert_int_equal(dnsmsg_stream_next(&stream, message, &got), DNSMSG_MESSAGE);
	assert_int_equal(got, 4096);
	assert_memory_equal(message, bytes + 2, 4096);
}

static void lengths_out_of_range_break_it(void **state)
{
	static const char *const starts[] = { "\x00\x00", "\x10\x01", "\xff\xff" };
	uint8_t message[DNSMSG_QUERY_BYTES];
	size_t got;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		stream = (struct dnsmsg_stream){ 0 };
		feed((const uint8_t *)"\x00\x01x", 3);
		feed((const uint8_t *)starts[i], 1);
		assert_int_equal(dnsmsg_stream_next(&stream, message, &got),
				 DNSMSG_MESSAGE);
		assert_int_equal(dnsmsg_stream_next(&stream, message, &got), DNSMSG_MORE);
		feed((const uint8_t *)starts[i] + 1, 1);
		assert_int_equal(dnsmsg_stream_next(&stream, message, &got),
				 DNSMSG_BROKEN);
		assert_int_equal(dnsmsg_stream_next(&stream, message, &got),
				 DNSMSG_BROKEN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_falls_into_its_messages),
		cmocka_unit_test(the_longest_query_passes),
		cmocka_unit_test(lengths_out_of_range_break_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
