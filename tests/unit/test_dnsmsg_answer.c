#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/dnsmsg.h"
#include "tests/unit/dns_wire.h"

/* What an answer tells that somebody else got. */

#define A 1
#define AAAA 28
#define ANSWER 0x8180

static struct wire wire;
static char host[HOST_TEXT];
static struct addr addrs[8];

static void begin(unsigned flags, const char *name, unsigned type, unsigned answers)
{
	wire_header(&wire, 7, flags, 1, answers, 0, 0);
	wire_question(&wire, name, type, 1);
}

/* From memory of just that size, so that the sanitizer sees a byte too many. */
static size_t told_of(size_t length, size_t room)
{
	uint8_t *exact = malloc(length ? length : 1);
	size_t count;

	assert_non_null(exact);
	memcpy(exact, wire.bytes, length);
	host[0] = '\0';
	count = dnsmsg_answer(exact, length, host, addrs, room);
	free(exact);
	return count;
}

static size_t told(void)
{
	return told_of(wire.length, sizeof(addrs) / sizeof(addrs[0]));
}

static void assert_addr(const struct addr *addr, const char *text)
{
	char shown[ADDR_TEXT];

	assert_string_equal(addr_format(addr, shown), text);
}

static void a_name_and_its_addresses(void **state)
{
	(void)state;
	begin(ANSWER, "Api.Example.COM", A, 2);
	wire_addr(&wire, "api.example.com", A, 60, 1);
	wire_addr(&wire, "API.example.com", A, 60, 2);
	assert_int_equal(told(), 2);
	assert_string_equal(host, "api.example.com");
	assert_addr(&addrs[0], "192.0.2.1");
	assert_addr(&addrs[1], "192.0.2.2");

	begin(ANSWER, "api.example.com", AAAA, 1);
	wire_addr(&wire, "api.example.com", AAAA, 60, 1);
	assert_int_equal(told(), 1);
	assert_addr(&addrs[0], "2001:db8::1");
}

static void aliases_lead_from_the_name_that_was_asked_for(void **state)
{
	(void)state;
	begin(ANSWER, "www.example.com", A, 3);
	wire_alias(&wire, "www.example.com", 60, "edge.example.net");
	wire_addr(&wire, "edge.example.net", A, 60, 9);
	wire_addr(&wire, "other.example.net", A, 60, 8);
	assert_int_equal(told(), 1);
	assert_string_equal(host, "www.example.com");
	assert_addr(&addrs[0], "192.0.2.9");
}

static void no_more_than_there_is_room_for(void **state)
{
	(void)state;
	begin(ANSWER, "a.example", A, 3);
	for (uint8_t i = 1; i <= 3; i++)
		wire_addr(&wire, "a.example", A, 60, i);
	assert_int_equal(told_of(wire.length, 2), 2);
	assert_int_equal(told_of(wire.length, 0), 0);
}

static void a_cut_one_tells_nothing(void **state)
{
	(void)state;
	begin(ANSWER, "a.example", A, 1);
	wire_addr(&wire, "a.example", A, 60, 1);
	for (size_t length = 0; length < wire.length; length++)
		assert_int_equal(told_of(length, 8), 0);
	assert_int_equal(told(), 1);
}

static void nothing_else_tells_anything(void **state)
{
	static const char *const no_hosts[] = { "", "*.example", "a b.example",
						"a\033[2Jb.example", "192.0.2.1" };
	static const unsigned flags[] = { 0x0100, 0x8182, 0x8183, 0x8185 };

	(void)state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		begin(flags[i], "a.example", A, 1);
		wire_addr(&wire, "a.example", A, 60, 1);
		assert_int_equal(told(), 0);
	}
	for (size_t i = 0; i < sizeof(no_hosts) / sizeof(no_hosts[0]); i++) {
		begin(ANSWER, no_hosts[i], A, 1);
		wire_addr(&wire, no_hosts[i], A, 60, 1);
		assert_int_equal(told(), 0);
		assert_string_equal(host, "");
	}
	/* Another type; no record; another name's. */
	begin(ANSWER, "a.example", 16, 1);
	wire_addr(&wire, "a.example", A, 60, 1);
	assert_int_equal(told(), 0);
	begin(ANSWER, "a.example", A, 0);
	assert_int_equal(told(), 0);
	begin(ANSWER, "a.example", A, 1);
	wire_addr(&wire, "b.example", A, 60, 1);
	assert_int_equal(told(), 0);
	/* Two questions, or none. */
	wire_header(&wire, 7, ANSWER, 2, 0, 0, 0);
	wire_question(&wire, "a.example", A, 1);
	wire_question(&wire, "b.example", A, 1);
	assert_int_equal(told(), 0);
	wire_header(&wire, 7, ANSWER, 0, 1, 0, 0);
	wire_addr(&wire, "a.example", A, 60, 1);
	assert_int_equal(told(), 0);
}

/* Nobody makes room for what cannot be there. */
static void more_records_than_bytes_is_none(void **state)
{
	(void)state;
	for (size_t at = 6; at < 12; at += 2) {
		begin(ANSWER, "a.example", A, 1);
		wire_addr(&wire, "a.example", A, 60, 1);
		wire.bytes[at] = 0xff;
		assert_int_equal(told(), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_and_its_addresses),
		cmocka_unit_test(aliases_lead_from_the_name_that_was_asked_for),
		cmocka_unit_test(no_more_than_there_is_room_for),
		cmocka_unit_test(a_cut_one_tells_nothing),
		cmocka_unit_test(nothing_else_tells_anything),
		cmocka_unit_test(more_records_than_bytes_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
