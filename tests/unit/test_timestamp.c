#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/timestamp.h"

static int64_t parse(const char *text)
{
	int64_t time;

	return timestamp_parse(text, strlen(text), &time) ? time : -1;
}

static void has_one_form(void **state)
{
	static const struct {
		int64_t time;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 951782400123, "2000-02-29T00:00:00.123Z" },
		{ 1795279407120, "2026-11-21T16:43:27.120Z" },
		{ 4107542399999, "2100-02-28T23:59:59.999Z" },
		{ 4107542400000, "2100-03-01T00:00:00.000Z" },
		{ TIMESTAMP_MAX, "9999-12-31T23:59:59.999Z" },
	};
	char shown[TIMESTAMP_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(timestamp_format(cases[i].time, shown),
				    cases[i].text);
		assert_true(parse(cases[i].text) == cases[i].time);
	}
	assert_string_equal(timestamp_format(INT64_MIN, shown), cases[0].text);
	assert_string_equal(timestamp_format(INT64_MAX, shown), cases[5].text);
}

/* As the C library has it, for every day until the calendar repeats. */
static void agrees_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t day = 0; day < 431 * 366; day++) {
		time_t seconds = (time_t)(day * 86400 + 45296);
		char shown[TIMESTAMP_TEXT], wanted[80];
		struct tm tm;

		gmtime_r(&seconds, &tm);
		strftime(wanted, sizeof(wanted), "%Y-%m-%dT12:34:56.000Z", &tm);
		if (strcmp(timestamp_format(seconds * 1000, shown), wanted) != 0 ||
		    parse(shown) != seconds * 1000)
			fail_msg("%s, not %s", shown, wanted);
	}
}

static void refuses_any_other_form(void **state)
{
	static const char *const cases[] = {
		"",
		"2026-11-21T16:43:27Z",
		"2026-11-21T16:43:27.120",
		"2026-11-21T16:43:27.120z",
		"2026-11-21 16:43:27.120Z",
		"2026-11-21T16:43:27,120Z",
		"2026-11-21T16:43:27.12xZ",
		"2026-11-2xT16:43:27.120Z",
		"+026-11-21T16:43:27.120Z",
		"2026-11-21T16:43:27.120ZZ",
		"2026-00-21T16:43:27.120Z",
		"2026-13-21T16:43:27.120Z",
		"2026-11-00T16:43:27.120Z",
		"2026-11-31T16:43:27.120Z",
		"2026-02-29T16:43:27.120Z",
		"2100-02-29T16:43:27.120Z",
		"2026-11-21T24:00:00.000Z",
		"2026-11-21T23:60:00.000Z",
		"2026-11-21T23:59:60.000Z",
		"1969-12-31T23:59:59.999Z",
		"0000-01-01T00:00:00.000Z",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (parse(cases[i]) != -1)
			fail_msg("'%s' was read", cases[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_one_form),
		cmocka_unit_test(agrees_with_the_c_library),
		cmocka_unit_test(refuses_any_other_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
