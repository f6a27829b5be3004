#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"

/* Into memory of just that size, so that the sanitizer sees a byte too many. */
static void assert_escaped(const char *text, size_t length, size_t size,
			   const char *expected)
{
	char *exact = malloc(size);

	assert_non_null(exact);
	assert_string_equal(escape(exact, size, text, length), expected);
	free(exact);
}

static void what_could_harm_is_escaped(void **state)
{
	(void)state;
	assert_escaped("", 0, 16, "");
	assert_escaped("a ~", 3, 16, "a ~");
	assert_escaped("\033[2J\\\n\0\xff", 8, 64, "\\x1b[2J\\x5c\\x0a\\x00\\xff");
}

static void what_fits_is_not_cut(void **state)
{
	(void)state;
	assert_escaped("npm install stu", 15, 16, "npm install stu");
	assert_escaped("npm install stub", 16, 16, "npm install ...");
	assert_escaped("\n\n\nabc", 6, 16, "\\x0a\\x0a\\x0aabc");
	assert_escaped("\n\n\nabcd", 7, 16, "\\x0a\\x0a\\x0a...");
	assert_escaped("abc\n", 4, 8, "abc\\x0a");
	assert_escaped("abcd\n", 5, 8, "abcd...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_could_harm_is_escaped),
		cmocka_unit_test(what_fits_is_not_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
