#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/quota.h"

static const char keys[QUOTA_WILDCARDS + 2];

/* How many names of that length are let out at one moment. */
static unsigned take_all(struct quota *quota, const void *key, size_t bytes, int64_t now)
{
	unsigned taken = 0;

	while (taken < 100000 && quota_take(quota, key, bytes, now))
		taken++;
	return taken;
}

static void test_names(void **state)
{
	struct quota *quota = quota_new();

	(void)state;
	assert_int_equal(take_all(quota, &keys[0], 1, 1000), QUOTA_NAMES);
	assert_int_equal(take_all(quota, &keys[0], 1, 1000), 0);
	assert_int_equal(take_all(quota, &keys[0], 1, 1999), 0);
	assert_int_equal(take_all(quota, &keys[0], 1, 2000), 1);
	assert_int_equal(take_all(quota, &keys[0], 1, 62000), QUOTA_NAMES_PER_MINUTE);
	assert_int_equal(take_all(quota, &keys[0], 1, INT64_MAX / 2), QUOTA_NAMES);
	quota_free(quota);
}

static void test_bytes(void **state)
{
	struct quota *quota = quota_new();

	(void)state;
	assert_int_equal(take_all(quota, &keys[0], 128, 0), QUOTA_BYTES / 128);
	assert_false(quota_take(quota, &keys[0], 1, 0));
	assert_int_equal(take_all(quota, &keys[0], 128, 60000),
			 QUOTA_BYTES_PER_MINUTE / 128);
	assert_int_equal(take_all(quota, &keys[0], QUOTA_BYTES + 1, INT64_MAX / 2), 0);
	quota_free(quota);
}

/* Time that stands still or goes back refills nothing. */
static void test_time(void **state)
{
	struct quota *quota = quota_new();

	(void)state;
	take_all(quota, &keys[0], 1, 1000000);
	assert_false(quota_take(quota, &keys[0], 1, 0));
	assert_false(quota_take(quota, &keys[0], 1, 0));
	assert_int_equal(take_all(quota, &keys[0], 1, 1000), 1);
	quota_free(quota);
}

static void test_apart(void **state)
{
	struct quota *quota = quota_new();

	(void)state;
	for (size_t i = 0; i < QUOTA_WILDCARDS; i++)
		assert_int_equal(take_all(quota, &keys[i], 1, 0), QUOTA_NAMES);
	/* Those that are one too many share what is left for all of them. */
	assert_int_equal(take_all(quota, &keys[QUOTA_WILDCARDS], 1, 0), QUOTA_NAMES);
	assert_int_equal(take_all(quota, &keys[QUOTA_WILDCARDS + 1], 1, 0), 0);
	quota_free(quota);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
