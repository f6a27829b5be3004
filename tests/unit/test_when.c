#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "entrypoint/when.h"
#include "lib/timestamp.h"

/* 2026-11-21 16:43:27.120 UTC; these tests run in another zone, which must not matter. */
#define NOW INT64_C(1795279407120)

static int to_the_west(void **state)
{
	(void)state;
	setenv("TZ", "XXX-1", 1);
	tzset();
	return 0;
}

static void so_long_ago(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = { { "0s", 0 },    { "90s", 90 },   { "10m", 600 },
		      { "2h", 7200 }, { "1d", 86400 }, { "07d", 604800 } };
	struct error err;
	int64_t since;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(when_parse(cases[i].text, NOW, &since, &err), 0);
		assert_int_equal(since, NOW - cases[i].seconds * 1000);
	}
}

static void a_time_as_the_log_prints_it(void **state)
{
	static const struct {
		const char *text;
		int64_t since;
	} cases[] = {
		{ "2026-11-21T16:43:27.120Z", NOW - 120 },
		{ "2026-11-21T16:43:27Z", NOW - 120 },
		{ "2026-11-21 16:43:27", NOW - 120 },
		{ "2026-11-21T16:43:27", NOW - 120 },
		{ "2026-11-21 16:43", NOW - 27120 },
		{ "2026-11-21", INT64_C(1795219200000) },
		{ "16:43", NOW - 27120 },
		{ "16:43:27", NOW - 120 },
		{ "00:00", INT64_C(1795219200000) },
	};
	struct error err;
	int64_t since;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(when_parse(cases[i].text, NOW, &since, &err), 0);
		assert_int_equal(since, cases[i].since);
	}
}

static void nothing_else(void **state)
{
	static const char *const texts[] = {
		"",        "now",        "10",          "-10m",
		"+5m",     " 5m",        "5m ",         "1.5h",
		"5w",      "s",          "24:01",       "12:60",
		"12:5x",   "2026-02-30", "2026-13-01",  "99999999999999999999d",
		"16:43.Z", "16:4",       "2026-11-21T", "2026-11-21  17:43",
		"17:43 ",  "2026-11-2",  "17:43Z2",     "2026-11-21T16:43:27.Z",
		"\033[2J",
	};
	struct error err;
	int64_t since;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		err.kind = ERROR_NONE;
		if (when_parse(texts[i], NOW, &since, &err) == 0)
			fail_msg("'%s' was taken", texts[i]);
		assert_int_equal(err.kind, ERROR_USAGE);
	}
}

static void a_time_is_told_in_utc(void **state)
{
	char text[WHEN_TEXT];

	(void)state;
	assert_string_equal(when_format(NOW, text), "2026-11-21 16:43:27");
	assert_string_equal(when_format(TIMESTAMP_MAX + 1, text), "9999-12-31 23:59:59");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_long_ago),
		cmocka_unit_test(a_time_as_the_log_prints_it),
		cmocka_unit_test(nothing_else),
		cmocka_unit_test(a_time_is_told_in_utc),
	};

	return cmocka_run_group_tests(tests, to_the_west, NULL);
}
