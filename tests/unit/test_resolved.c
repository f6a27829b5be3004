#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/host.h"
#include "lib/resolved.h"
#include "tests/unit/heap.h"

static const uint8_t key[HASH_KEY] = { 2, 7, 1, 8 };
static struct resolved *resolved;

static int set_up(void **state)
{
	(void)state;
	resolved = resolved_new(key);
	return resolved ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	resolved_free(resolved);
	return 0;
}

static struct addr addr_of(const char *text)
{
	struct addr addr = { 0 };

	assert_true(addr_parse(text, strlen(text), &addr));
	return addr;
}

static void add(const char *host, const char *addr)
{
	struct addr one = addr_of(addr);

	resolved_add(resolved, host, &one, 1);
}

/* The names of an address, as "a b c". */
static void assert_names(const char *addr, const char *wanted)
{
	const char *names[REFUSAL_NAMES];
	struct addr one = addr_of(addr);
	size_t count = resolved_names(resolved, &one, names);
	char shown[1024] = "";

	assert_true(count <= REFUSAL_NAMES);
	for (size_t i = 0; i < count; i++) {
		strcat(shown, i ? " " : "");
		strcat(shown, names[i]);
	}
	assert_string_equal(shown, wanted);
}

static void tells_all_names_of_an_address(void **state)
{
	struct addr shared[] = { addr_of("192.0.2.1"), addr_of("2001:db8::1"),
				 addr_of("192.0.2.2") };

	(void)state;
	assert_names("192.0.2.1", "");
	resolved_add(resolved, "a.example", shared, 3);
	resolved_add(resolved, "b.example", shared, 2);
	assert_names("192.0.2.1", "b.example a.example");
	assert_names("2001:db8::1", "b.example a.example");
	assert_names("192.0.2.2", "a.example");
	assert_names("192.0.2.3", "");
	/* An answer that says it again is the latest. */
	add("a.example", "192.0.2.1");
	assert_names("192.0.2.1", "a.example b.example");
	assert_names("2001:db8::1", "b.example a.example");
	resolved_add(resolved, "c.example", shared, 0);
	assert_names("192.0.2.1", "a.example b.example");
}

static void tells_families_apart(void **state)
{
	(void)state;
	add("four.example", "1.2.3.4");
	add("six.example", "::102:304");
	assert_names("1.2.3.4", "four.example");
	assert_names("::102:304", "six.example");
}

/* Of one address the latest eight; the ninth pushes out the one that was said longest ago. */
static void keeps_the_latest_names_of_an_address(void **state)
{
	char name[32];

	(void)state;
	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		add(name, "192.0.2.1");
	}
	add("n0.example", "192.0.2.1");
	add("new.example", "192.0.2.1");
	assert_names("192.0.2.1", "new.example n0.example n7.example n6.example "
				  "n5.example n4.example n3.example n2.example");
}

static struct addr numbered(uint32_t number)
{
	return (struct addr){ .value = 0x0a000000u + number, .family = FAMILY_4 };
}

static bool is_known(uint32_t number)
{
	const char *names[REFUSAL_NAMES];
	struct addr addr = numbered(number);

	return resolved_names(resolved, &addr, names) > 0;
}

/* The last so many pairs are there, whoever floods it; what is used stays. */
static void is_bounded_under_a_flood(void **state)
{
	size_t before = heap();

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		struct addr addr = numbered(i);
		char name[32];

		snprintf(name, sizeof(name), "f%u.example", i);
		resolved_add(resolved, name, &addr, 1);
		if (i % (RESOLVED_PAIRS / 2) == 0)
			add("used.example", "192.0.2.1");
	}
	for (uint32_t i = 100000 - (RESOLVED_PAIRS - 192); i < 100000; i++)
		assert_true(is_known(i));
	for (uint32_t i = 0; i < 100000 - RESOLVED_PAIRS; i++)
		assert_false(is_known(i));
	assert_names("192.0.2.1", "used.example");
	assert_true(heap() - before < 2u << 20);
}

/* A name as long as it may be, with a number in it. */
static void longest(char out[static HOST_TEXT], uint32_t number)
{
	memset(out, 'a', HOST_MAX);
	for (size_t i = 63; i < HOST_MAX; i += 64)
		out[i] = '.';
	snprintf(out, 10, "%09u", number);
	out[9] = 'a';
	out[HOST_MAX] = '\0';
}

static void is_bounded_with_the_longest_names(void **state)
{
	size_t before = heap();

	(void)state;
	for (uint32_t i = 0; i < 3 * RESOLVED_PAIRS; i++) {
		struct addr addr = numbered(i);
		struct asker asker = { .has_uid = true, .uid = i };
		char name[HOST_TEXT];

		longest(name, i);
		resolved_add(resolved, name, &addr, 1);
		resolved_asked(resolved, name, &asker);
	}
	assert_true(is_known(3 * RESOLVED_PAIRS - 1));
	assert_true(is_known(3 * RESOLVED_PAIRS - 1800));
	assert_false(is_known(3 * RESOLVED_PAIRS - 2200));
	assert_true(heap() - before < 3u << 19);
}

/* All names lead to one address, and one name to every address. */
static void is_bounded_with_one_address_and_one_name(void **state)
{
	static struct addr many[5000];
	size_t before = heap();

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "f%u.example", i);
		add(name, "192.0.2.1");
	}
	assert_names("192.0.2.1", "f99999.example f99998.example f99997.example "
				  "f99996.example f99995.example f99994.example "
				  "f99993.example f99992.example");
	assert_true(heap() - before < 8192);
	for (uint32_t i = 0; i < 5000; i++)
		many[i] = numbered(i);
	resolved_add(resolved, "many.example", many, 5000);
	assert_true(is_known(RESOLVED_ANSWER - 1));
	assert_false(is_known(RESOLVED_ANSWER));
	assert_true(heap() - before < 16384);
}

static void takes_little_for_little(void **state)
{
	size_t before = heap();

	(void)state;
	add("a.example", "192.0.2.1");
	resolved_asked(resolved, "a.example", &(struct asker){ .uid = 1 });
	assert_true(heap() - before < 4096);
}

static void refuses_what_is_no_name(void **state)
{
	char name[HOST_TEXT + 1];

	(void)state;
	memset(name, 'a', HOST_TEXT);
	name[HOST_TEXT] = '\0';
	add(name, "192.0.2.1");
	assert_names("192.0.2.1", "");
	resolved_asked(resolved, name, &(struct asker){ .uid = 1 });
	assert_null(resolved_asker(resolved, name));
}

static void knows_who_asked_last(void **state)
{
	struct asker asker = { true, 1000, "curl", 7 };
	const struct asker *found;
	char name[32];

	(void)state;
	assert_null(resolved_asker(resolved, "a.example"));
	resolved_asked(resolved, "a.example", &asker);
	asker = (struct asker){ true, 1001, "node", 8 };
	resolved_asked(resolved, "a.example", &asker);
	resolved_asked(resolved, "b.example", &(struct asker){ .time = 9 });
	found = resolved_asker(resolved, "a.example");
	assert_non_null(found);
	assert_int_equal(found->uid, 1001);
	assert_string_equal(found->program, "node");
	assert_true(found->time == 8);
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "f%d.example", i);
		resolved_asked(resolved, name, &asker);
		if (i % 1000 == 0)
			resolved_asked(resolved, "a.example", &asker);
	}
	assert_null(resolved_asker(resolved, "b.example"));
	assert_non_null(resolved_asker(resolved, "a.example"));
	assert_non_null(resolved_asker(resolved, "f19999.example"));
	assert_non_null(resolved_asker(resolved, "f19000.example"));
	assert_null(resolved_asker(resolved, "f18000.example"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_all_names_of_an_address),
		TEST(tells_families_apart),
		TEST(keeps_the_latest_names_of_an_address),
		TEST(is_bounded_under_a_flood),
		TEST(is_bounded_with_the_longest_names),
		TEST(is_bounded_with_one_address_and_one_name),
		TEST(takes_little_for_little),
		TEST(refuses_what_is_no_name),
		TEST(knows_who_asked_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
