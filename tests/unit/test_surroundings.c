#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "entrypoint/surroundings.h"

static void warns_of_a_directory_that_is_not_the_agents(void **state)
{
	const struct user owner = { .uid = geteuid() };
	const struct user other = { .uid = geteuid() + 7 };
	char home[PATH_MAX], top[] = "/tmp/netpale-surroundings-XXXXXX";
	char text[256] = "";

	(void)state;
	assert_non_null(getcwd(home, sizeof(home)));
	assert_non_null(mkdtemp(top));
	assert_int_equal(chdir(top), 0);

	assert_true(surroundings_directory_fits(&owner, text, sizeof(text)));
	assert_false(surroundings_directory_fits(&other, text, sizeof(text)));
	assert_non_null(strstr(text, top));
	assert_int_equal(chmod(".", 0777), 0);
	assert_true(surroundings_directory_fits(&other, text, sizeof(text)));
	if (geteuid() == 0) {
		assert_int_equal(chown(".", 54321, 54321), 0);
		assert_int_equal(chmod(".", 0755), 0);
		assert_false(surroundings_directory_fits(&other, text, sizeof(text)));
		assert_non_null(strstr(text, "-u 54321"));
	}
	assert_int_equal(chdir("/"), 0);
	assert_true(surroundings_directory_fits(&other, text, sizeof(text)));

	assert_int_equal(rmdir(top), 0);
	assert_int_equal(chdir(home), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(warns_of_a_directory_that_is_not_the_agents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
