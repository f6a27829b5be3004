#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/answers.h"
#include "lib/buf.h"

static struct arena *arena;
static struct error err;

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

static struct answers parse(const char *text)
{
	struct answers answers;

	if (answers_parse(text, strlen(text), "hosts", arena, &answers, &err) < 0)
		fail_msg("%s", err.text);
	return answers;
}

static void assert_prints(const struct answers *answers, const char *wanted)
{
	struct buf out = { 0 };

	answers_print(answers, &out);
	assert_string_equal(out.data ? out.data : "", wanted);
	buf_release(&out);
}

static void reads_hosts_lines(void **state)
{
	static const char sorted[] = "198.51.100.7 api.example.com\n"
				     "203.0.113.9 api.example.com\n"
				     "2001:db8::7 api.example.com\n"
				     "198.51.100.7 www.example.com\n";
	struct answers answers =
		parse("# comment\n"
		      "\n"
		      " \t\r\n"
		      "2001:db8::7 api.example.com\n"
		      "198.51.100.7\tAPI.example.com.  www.example.com # both\r\n"
		      "203.0.113.9 api.example.com\n"
		      "198.51.100.7 api.example.com");

	(void)state;
	assert_int_equal(answers.count, 2);
	assert_prints(&answers, sorted);
	answers = parse(sorted);
	assert_prints(&answers, sorted);
	answers = parse("");
	assert_int_equal(answers.count, 0);
}

static void finds_by_host(void **state)
{
	struct answers answers = parse("192.0.2.2 b.example\n192.0.2.1 a.example\n"
				       "192.0.2.3 c.example\n");
	const struct answer *answer = answers_find(&answers, "b.example");

	(void)state;
	assert_non_null(answer);
	assert_int_equal(answer->state, ANSWER_OK);
	assert_int_equal(answer->count, 1);
	assert_int_equal(answer->addrs[0].value, 0xc0000202);
	assert_null(answers_find(&answers, "d.example"));
	assert_null(answers_find(&(struct answers){ 0 }, "b.example"));
}

static void refuses_what_it_does_not_understand(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "192.0.2.1 a.example\n192.0.2 b.example\n",
		  "hosts:2: '192.0.2' is not an address" },
		{ "a.example 192.0.2.1\n", "hosts:1: 'a.example' is not an address" },
		{ "192.0.2.1\n", "hosts:1: a name is missing behind the address" },
		{ "192.0.2.1 # a.example\n",
		  "hosts:1: a name is missing behind the address" },
		{ "fe80::1%eth0 a.example\n",
		  "hosts:1: 'fe80::1%eth0' is not an address" },
	};
	struct answers answers;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(answers_parse(cases[i].text, strlen(cases[i].text),
					       "hosts", arena, &answers, &err),
				 -1);
		assert_int_equal(err.kind, ERROR_POLICY);
		assert_string_equal(err.text, cases[i].error);
	}
	assert_int_equal(answers_parse("192.0.2.1 *.example\n", 20, "hosts", arena,
				       &answers, &err),
			 -1);
	assert_non_null(strstr(err.text, "hosts:1: '*.example' is not a host name"));
	assert_int_equal(
		answers_parse("192.0.2.1\0 a\n", 13, "hosts", arena, &answers, &err), -1);
	assert_non_null(strstr(err.text, "hosts:1: '192.0.2.1\\x00'"));
}

static void merges_repeated_hosts(void **state)
{
	static const struct addr high[] = { { 9, FAMILY_6 },
					    { 9, FAMILY_4 },
					    { 7, FAMILY_4 } };
	static const struct addr low[] = { { 7, FAMILY_4 }, { 1, FAMILY_4 } };
	struct answer v[] = {
		{ "x.example", high, 3, ANSWER_OK, true },
		{ "gone.example", NULL, 0, ANSWER_NXDOMAIN, false },
		{ "x.example", NULL, 0, ANSWER_TIMEOUT, true },
		{ "x.example", low, 2, ANSWER_OK, true },
		{ "half.example", NULL, 0, ANSWER_NODATA, false },
		{ "half.example", low, 1, ANSWER_OK, true },
	};
	struct answers answers = { v, 6 };

	(void)state;
	assert_int_equal(answers_normalise(&answers, arena, &err), 0);
	assert_prints(&answers, "# gone.example: NXDOMAIN\n"
				"0.0.0.7 half.example\n"
				"0.0.0.1 x.example\n"
				"0.0.0.7 x.example\n"
				"0.0.0.9 x.example\n"
				"::9 x.example\n");
	assert_int_equal(answers_find(&answers, "half.example")->state, ANSWER_OK);
	assert_false(answers_find(&answers, "half.example")->fixed);
	assert_true(answers_find(&answers, "x.example")->fixed);
}

static void bounds_the_addresses_of_a_name(void **state)
{
	static struct addr many[ANSWER_ADDRS_MAX + 5];
	struct answer v[] = {
		{ "x.example", many, ANSWER_ADDRS_MAX + 5, ANSWER_OK, true },
	};
	struct answers answers = { v, 1 };

	(void)state;
	for (size_t i = 0; i < ANSWER_ADDRS_MAX + 5; i++)
		many[i] = (struct addr){ i, FAMILY_4 };
	assert_int_equal(answers_normalise(&answers, arena, &err), 0);
	assert_int_equal(answers.v[0].count, ANSWER_ADDRS_MAX);
}

/* One line of a few bytes for each pair: their number is bounded, not only the file. */
static void bounds_the_pairs(void **state)
{
	struct buf text = { 0 };
	struct answers answers;

	(void)state;
	buf_puts(&text, "192.0.2.1");
	for (int i = 0; i < 200001; i++)
		buf_puts(&text, " a");
	assert_int_equal(
		answers_parse(text.data, text.length, "hosts", arena, &answers, &err),
		-1);
	assert_string_equal(err.text, "hosts:1: more than 200000 addresses");
	buf_release(&text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_hosts_lines),
		TEST(finds_by_host),
		TEST(refuses_what_it_does_not_understand),
		TEST(merges_repeated_hosts),
		TEST(bounds_the_addresses_of_a_name),
		TEST(bounds_the_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
