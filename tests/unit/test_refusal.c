#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/host.h"
#include "lib/macros.h"
#include "lib/refusal.h"

static struct arena *arena;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new(0);
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct addr addr_of(const char *text)
{
	struct addr addr = { 0 };

	assert_true(addr_parse(text, strlen(text), &addr));
	return addr;
}

static struct refusal packet(void)
{
	return (struct refusal){
		.time = 1795279407120,
		.count = 3,
		.reason = REFUSAL_PORT,
		.has_uid = true,
		.uid = 1000,
		.program = "curl",
		.names = { "api.example.com" },
		.name_count = 1,
		.has_addr = true,
		.addr = addr_of("198.51.100.7"),
		.protocol = IPPROTO_TCP,
		.port = 8080,
		.allow = "- api.example.com:8080/tcp",
		.rule = "/etc/netpale/policy.yml:4",
	};
}

static struct refusal question(const char *name, uint16_t type)
{
	return (struct refusal){
		.count = 1,
		.reason = REFUSAL_NAME,
		.names = { name },
		.name_count = 1,
		.type = type,
	};
}

static void assert_prints(const struct refusal *refusal, const char *wanted)
{
	char line[REFUSAL_LINE];
	size_t length = refusal_print_json(refusal, line);

	assert_string_equal(line, wanted);
	assert_int_equal(length, strlen(wanted));
}

static bool parses(const char *line, struct refusal *ret)
{
	return refusal_parse_json(line, strlen(line), arena, ret);
}

static void is_one_line_of_json(void **state)
{
	struct refusal refusal = packet();

	(void)state;
	assert_prints(&refusal,
		      "{\"version\":1,\"time\":\"2026-11-21T16:43:27.120Z\","
		      "\"reason\":\"wrong port\",\"audit\":false,\"uid\":1000,"
		      "\"program\":\"curl\",\"names\":[\"api.example.com\"],"
		      "\"address\":\"198.51.100.7\",\"protocol\":\"tcp\",\"port\":8080,"
		      "\"count\":3,\"allow\":\"- api.example.com:8080/tcp\","
		      "\"rule\":\"/etc/netpale/policy.yml:4\"}");
	refusal = question("t.example.com", 16);
	refusal.audit = true;
	assert_prints(&refusal,
		      "{\"version\":1,\"time\":\"1970-01-01T00:00:00.000Z\","
		      "\"reason\":\"name refused\",\"audit\":true,"
		      "\"names\":[\"t.example.com\"],\"type\":\"TXT\",\"count\":1}");
}

static void assert_survives(const struct refusal *refusal)
{
	char line[REFUSAL_LINE], again[REFUSAL_LINE];
	struct refusal parsed;
	size_t length = refusal_print_json(refusal, line);

	assert_true(length > 0 && length < REFUSAL_LINE);
	if (!parses(line, &parsed))
		fail_msg("not read: %s", line);
	assert_true(refusal_same(refusal, &parsed));
	assert_int_equal(refusal_print_json(&parsed, again), length);
	assert_string_equal(line, again);
}

static void comes_back_as_it_was(void **state)
{
	struct refusal refusal = packet();

	(void)state;
	for (int reason = 0; reason < REFUSAL_REASONS; reason++) {
		refusal.reason = (enum refusal_reason)reason;
		assert_survives(&refusal);
	}
	for (unsigned protocol = 1; protocol < 256; protocol++) {
		refusal.protocol = (uint8_t)protocol;
		assert_survives(&refusal);
	}
	refusal.uid = UINT32_MAX;
	refusal.addr = addr_of("2001:db8::1");
	refusal.port = 0;
	refusal.count = INT64_MAX;
	assert_survives(&refusal);
	refusal.program[0] = '\0';
	refusal.has_uid = false;
	refusal.name_count = 0;
	refusal.allow = refusal.rule = NULL;
	assert_survives(&refusal);
	for (unsigned type = 0; type <= UINT16_MAX; type += type < 300 ? 1 : 97) {
		refusal = question("api.example.com", (uint16_t)type);
		assert_survives(&refusal);
	}
	refusal = question("internal.example", 1);
	refusal.reason = REFUSAL_PRIVATE;
	refusal.has_addr = true;
	refusal.addr = addr_of("10.0.0.7");
	assert_survives(&refusal);
}

/* The worst texts there can be: each byte of them needs another one, or four. */
static void fits_whatever_the_texts_are(void **state)
{
	char host[HOST_TEXT], text[REFUSAL_TEXT], control[4000];
	struct refusal refusal = packet(), parsed;
	char line[REFUSAL_LINE];

	(void)state;
	memset(host, '"', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	memset(text, '\\', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memset(control, 0x1b, sizeof(control) - 1);
	control[sizeof(control) - 1] = '\0';
	memset(refusal.program, 0x1b, sizeof(refusal.program));
	refusal.allow = refusal.rule = text;
	refusal.name_count = REFUSAL_NAMES;
	for (size_t i = 0; i < REFUSAL_NAMES; i++)
		refusal.names[i] = host;
	assert_true(refusal_print_json(&refusal, line) > 0);
	assert_true(parses(line, &parsed));
	assert_true(parsed.name_count > 0 && parsed.name_count < REFUSAL_NAMES);
	assert_string_equal(parsed.allow, text);
	assert_string_equal(parsed.program, "\\x1b\\x1b\\x1b...");

	for (size_t i = 0; i < REFUSAL_NAMES; i++)
		refusal.names[i] = control;
	refusal.allow = refusal.rule = control;
	assert_true(refusal_print_json(&refusal, line) > 0);
	assert_true(parses(line, &parsed));
	assert_int_equal(parsed.name_count, REFUSAL_NAMES);
	assert_null(strchr(parsed.names[0], 0x1b));
	assert_null(parsed.allow);
	assert_null(parsed.rule);
}

static void says_nothing_of_nothing(void **state)
{
	char line[REFUSAL_LINE];
	struct refusal refusal = packet();

	(void)state;
	refusal.count = 0;
	assert_int_equal(refusal_print_json(&refusal, line), 0);
	refusal = question("", 1);
	assert_int_equal(refusal_print_json(&refusal, line), 0);
	refusal.name_count = 0;
	assert_int_equal(refusal_print_json(&refusal, line), 0);
}

#define HEAD "{\"version\":1,\"time\":\"2026-11-21T16:43:27.120Z\",\"reason\":\"dns\""
#define TAIL ",\"count\":1}"
#define ADDRESS ",\"address\":\"192.0.2.1\""

/* Keys that it does not know may stand there: a later netpale may have written them. */
static void reads_what_it_understands(void **state)
{
	struct refusal refusal;

	(void)state;
	assert_true(parses(HEAD ADDRESS TAIL, &refusal));
	assert_int_equal(refusal.reason, REFUSAL_DNS);
	assert_false(refusal.audit);
	assert_false(refusal.has_uid);
	assert_true(
		parses(HEAD ADDRESS ",\"further\":{\"a\":[1,2.5,null]}" TAIL, &refusal));
	assert_true(parses(" " HEAD ADDRESS ",\"uid\":0,\"audit\":true" TAIL, &refusal));
	assert_true(refusal.has_uid && refusal.uid == 0 && refusal.audit);
	assert_true(parses(HEAD ",\"names\":[\"\\u0061.example\"]" TAIL, &refusal));
	assert_string_equal(refusal.names[0], "a.example");
}

static void refuses_hostile_lines(void **state)
{
	static const char *const lines[] = {
		"",
		"{}",
		"[]",
		"1",
		"{\"version\":1",
		HEAD ADDRESS TAIL "x",
		HEAD ADDRESS TAIL "\n",
		HEAD TAIL,
		HEAD ADDRESS "}",
		HEAD ADDRESS ",\"count\":0}",
		HEAD ADDRESS ",\"count\":-1}",
		HEAD ADDRESS ",\"count\":1.0}",
		HEAD ADDRESS ",\"count\":\"1\"}",
		HEAD ADDRESS ",\"count\":9223372036854775808}",
		HEAD ADDRESS ",\"count\":1" TAIL,
		HEAD ADDRESS ",\"audit\":1" TAIL,
		HEAD ADDRESS ",\"uid\":-1" TAIL,
		HEAD ADDRESS ",\"uid\":4294967296" TAIL,
		HEAD ADDRESS ",\"uid\":null" TAIL,
		HEAD ADDRESS ",\"program\":\"\"" TAIL,
		HEAD ADDRESS ",\"program\":\"sixteen bytes .!\"" TAIL,
		HEAD ADDRESS ",\"program\":\"\\u001b[31m\"" TAIL,
		HEAD ADDRESS ",\"program\":\"\x1b[31m\"" TAIL,
		HEAD ADDRESS ",\"program\":\"\\u0000\"" TAIL,
		HEAD ADDRESS ",\"program\":\"\\u007f\"" TAIL,
		HEAD ADDRESS ",\"program\":\"\\u009b\"" TAIL,
		HEAD ADDRESS ",\"allow\":\"- a\\n- b\"" TAIL,
		HEAD ADDRESS ",\"rule\":\"\\u202e\"" TAIL,
		HEAD ADDRESS ",\"further\":\"\xc3\xa9\"" TAIL,
		HEAD ADDRESS ",\"port\":443" TAIL,
		HEAD ADDRESS ",\"protocol\":\"tcp\",\"port\":0" TAIL,
		HEAD ADDRESS ",\"protocol\":\"tcp\",\"port\":65536" TAIL,
		HEAD ADDRESS ",\"protocol\":\"TCP\"" TAIL,
		HEAD ADDRESS ",\"protocol\":\"0\"" TAIL,
		HEAD ADDRESS ",\"protocol\":\"256\"" TAIL,
		HEAD ADDRESS ",\"protocol\":\"06\"" TAIL,
		HEAD ADDRESS ",\"protocol\":6" TAIL,
		HEAD ADDRESS ",\"type\":\"TYPE0\"" TAIL,
		HEAD ADDRESS ",\"type\":\"TYPE65536\"" TAIL,
		HEAD ADDRESS ",\"type\":\"txt\"" TAIL,
		HEAD ADDRESS ",\"names\":\"a.example\"" TAIL,
		HEAD ADDRESS ",\"names\":[1]" TAIL,
		HEAD ADDRESS ",\"names\":[\"\"]" TAIL,
		HEAD ADDRESS ",\"names\":[\"a\\tb\"]" TAIL,
		HEAD ADDRESS ",\"names\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\","
			     "\"8\",\"9\"]" TAIL,
		HEAD ",\"address\":\"192.0.2\"" TAIL,
		HEAD ",\"address\":\"192.0.2.1/24\"" TAIL,
		HEAD ",\"names\":[\"a.example\"],\"protocol\":\"tcp\"" TAIL,
		"{\"version\":2,\"time\":\"2026-11-21T16:43:27.120Z\","
		"\"reason\":\"dns\"" ADDRESS TAIL,
		"{\"version\":\"1\",\"time\":\"2026-11-21T16:43:27.120Z\","
		"\"reason\":\"dns\"" ADDRESS TAIL,
		"{\"version\":1,\"time\":1795279407120,\"reason\":\"dns\"" ADDRESS TAIL,
		"{\"version\":1,\"time\":\"2026-11-21T16:43:27.120Z\","
		"\"reason\":\"whim\"" ADDRESS TAIL,
		"{\"version\":1,\"time\":\"2026-11-21T16:43:27.120Z\"" ADDRESS TAIL,
	};
	struct refusal refusal;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (parses(lines[i], &refusal))
			fail_msg("was read: %s", lines[i]);
}

static void refuses_long_lines(void **state)
{
	static char line[REFUSAL_LINE + 1];
	struct refusal refusal;

	(void)state;
	memset(line, ' ', REFUSAL_LINE);
	memcpy(line, HEAD ADDRESS TAIL, strlen(HEAD ADDRESS TAIL));
	assert_true(refusal_parse_json(line, REFUSAL_LINE - 1, arena, &refusal));
	assert_false(refusal_parse_json(line, REFUSAL_LINE, arena, &refusal));
	memset(line, '[', REFUSAL_LINE);
	assert_false(refusal_parse_json(line, REFUSAL_LINE - 1, arena, &refusal));
}

static void tells_what_was_lost(void **state)
{
	char line[REFUSAL_LINE];
	struct refusal refusal = packet();
	uint64_t lost;
	int64_t time;
	size_t length = refusal_print_lost(1795279407120, 123, line);

	(void)state;
	assert_string_equal(line, "{\"version\":1,\"time\":\"2026-11-21T16:43:27.120Z\","
				  "\"lost\":123}");
	assert_true(refusal_parse_lost(line, length, &time, &lost));
	assert_true(time == 1795279407120 && lost == 123);
	assert_false(refusal_parse_json(line, length, arena, &refusal));
	refusal = packet();
	length = refusal_print_json(&refusal, line);
	assert_false(refusal_parse_lost(line, length, &time, &lost));
}

static void is_the_same_in_spite_of_time_and_count(void **state)
{
	static const uint8_t key[HASH_KEY] = { 1 };
	struct refusal a = packet(), b = packet(), v[9];

	(void)state;
	b.time = 0;
	b.count = 9;
	b.allow = NULL;
	b.names[b.name_count++] = "cdn.example.com";
	assert_true(refusal_same(&a, &b));
	assert_true(refusal_hash(key, &a) == refusal_hash(key, &b));
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		v[i] = packet();
	v[0].reason = REFUSAL_DENIED;
	v[1].audit = true;
	v[2].uid = 1001;
	v[3].has_uid = false;
	v[4].program[0] = 'C';
	v[5].names[0] = "cdn.example.com";
	v[6].addr.value++;
	v[7].protocol = IPPROTO_UDP;
	v[8].port++;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		assert_false(refusal_same(&a, &v[i]));
		assert_true(refusal_hash(key, &a) != refusal_hash(key, &v[i]));
	}
	a = question("api.example.com", 1);
	b = question("api.example.com", 28);
	assert_true(refusal_same(&a, &b));
	assert_true(refusal_hash(key, &a) == refusal_hash(key, &b));
	b.type = 16;
	assert_false(refusal_same(&a, &b));
}

static void assert_target(const struct refusal *refusal, const char *wanted)
{
	char shown[REFUSAL_TARGET];

	assert_string_equal(refusal_target(refusal, shown), wanted);
}

static void names_what_was_wanted(void **state)
{
	struct refusal refusal = packet();

	(void)state;
	assert_target(&refusal, "api.example.com:8080/tcp");
	refusal.name_count = 0;
	assert_target(&refusal, "198.51.100.7:8080/tcp");
	refusal.reason = REFUSAL_INBOUND;
	assert_target(&refusal, "8080/tcp from 198.51.100.7");
	refusal.addr = addr_of("2001:db8::1");
	assert_target(&refusal, "8080/tcp from 2001:db8::1");
	refusal.reason = REFUSAL_RAW;
	assert_target(&refusal, "[2001:db8::1]:8080/tcp");
	refusal.port = 0;
	refusal.protocol = IPPROTO_ICMPV6;
	assert_target(&refusal, "2001:db8::1 icmpv6");
	refusal.protocol = 47;
	assert_target(&refusal, "2001:db8::1 47");
	refusal = question("api.example.com", 28);
	assert_target(&refusal, "api.example.com");
	refusal.type = 16;
	assert_target(&refusal, "api.example.com TXT");
	refusal.type = 65280;
	assert_target(&refusal, "api.example.com TYPE65280");
	refusal.reason = REFUSAL_PRIVATE;
	refusal.has_addr = true;
	refusal.addr = addr_of("10.0.0.7");
	assert_target(&refusal, "api.example.com A 10.0.0.7");
	refusal.names[0] = "\x1b[2J";
	assert_target(&refusal, "\\x1b[2J A 10.0.0.7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_one_line_of_json),
		cmocka_unit_test(comes_back_as_it_was),
		cmocka_unit_test(fits_whatever_the_texts_are),
		cmocka_unit_test(says_nothing_of_nothing),
		cmocka_unit_test(reads_what_it_understands),
		cmocka_unit_test(refuses_hostile_lines),
		cmocka_unit_test(refuses_long_lines),
		cmocka_unit_test(tells_what_was_lost),
		cmocka_unit_test(is_the_same_in_spite_of_time_and_count),
		cmocka_unit_test(names_what_was_wanted),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
