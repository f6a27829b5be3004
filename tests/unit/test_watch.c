#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "entrypoint/watch.h"

static char place[] = "/tmp/netpale-watch.XXXXXX", file[64], other[64];

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int make_place(void **state)
{
	(void)state;
	if (!mkdtemp(place))
		return -1;
	snprintf(file, sizeof(file), "%s/policy", place);
	snprintf(other, sizeof(other), "%s/other", place);
	return 0;
}

static int remove_place(void **state)
{
	(void)state;
	unlink(file);
	unlink(other);
	return rmdir(place);
}

/* A change counts when the file was found the same twice, and counts once. */
static void expect_change(struct watch *watch)
{
	assert_false(watch_look(watch));
	assert_true(watch_look(watch));
	assert_false(watch_look(watch));
}

static void test_changes(void **state)
{
	struct watch watch = { 0 };

	(void)state;
	write_to(file, "a");
	watch_add(&watch, file);
	assert_false(watch_look(&watch));
	assert_false(watch_look(&watch));

	write_to(file, "ab");
	expect_change(&watch);

	write_to(other, "ab"); /* another file of that name */
	assert_int_equal(rename(other, file), 0);
	expect_change(&watch);

	unlink(file);
	expect_change(&watch);
	write_to(other, "c");
	assert_int_equal(symlink(other, file), 0);
	expect_change(&watch);
	write_to(other, "cd"); /* what the link leads to */
	expect_change(&watch);

	assert_int_equal(chmod(file, 0644), 0); /* who may write it matters too */
	expect_change(&watch);
}

static void test_half_written(void **state)
{
	struct watch watch = { 0 };

	(void)state;
	write_to(file, "");
	watch_add(&watch, file);
	for (const char *text = "aaaa"; *text; text++) {
		write_to(file, text);
		assert_false(watch_look(&watch));
	}
	assert_true(watch_look(&watch));
}

static void test_nothing(void **state)
{
	struct watch watch = { 0 };

	(void)state;
	watch_add(&watch, NULL);
	assert_int_equal(watch.count, 0);
	for (int i = 0; i < WATCH_MAX + 1; i++)
		watch_add(&watch, file);
	assert_int_equal(watch.count, WATCH_MAX);
	watch_clear(&watch);
	write_to(file, "changed after all were forgotten");
	assert_false(watch_look(&watch));
	assert_false(watch_look(&watch));
}

/* What is written while somebody reads is noticed; what he has read is not. */
static void test_reading(void **state)
{
	struct watch watch = { 0 }, next = { 0 };

	(void)state;
	write_to(file, "one");
	watch_add(&watch, file);
	write_to(file, "two, read");
	watch_mark(&watch);
	write_to(file, "three, too late to be read");
	watch_add(&next, file);
	watch_keep(&next, &watch);
	expect_change(&next);

	write_to(file, "four, read");
	watch_mark(&next);
	assert_false(watch_look(&next));
	assert_false(watch_look(&next));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_half_written),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_reading),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
