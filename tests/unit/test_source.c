#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "entrypoint/source.h"

#define LIMIT 1024

/* Nobody this test runs as. */
static const gid_t stranger_groups[] = { 54330 };
static const struct user stranger = {
	.uid = 54321,
	.gid = 54321,
	.groups = stranger_groups,
	.group_count = 1,
};

struct fixture {
	char home[PATH_MAX], top[32];
	struct buf out;
	struct error err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_non_null(getcwd(f->home, sizeof(f->home)));
	strcpy(f->top, "/tmp/netpale-source-XXXXXX");
	assert_non_null(mkdtemp(f->top));
	assert_int_equal(chmod(f->top, 0755), 0);
	assert_int_equal(chdir(f->top), 0);
	umask(022);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];
	int status;

	status = chdir(f->home);
	snprintf(command, sizeof(command), "rm -rf %s", f->top);
	status |= system(command);
	buf_release(&f->out);
	free(f);
	return status;
}

static void write_file(const char *path, size_t length)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	while (length--)
		fputc('a', file);
	fclose(file);
}

static void reads_up_to_the_limit(void **state)
{
	struct fixture *f = *state;

	write_file("exact", LIMIT);
	assert_int_equal(source_read("exact", NULL, LIMIT, &f->out, &f->err), 0);
	assert_int_equal(f->out.length, LIMIT);
	write_file("empty", 0);
	buf_clear(&f->out);
	assert_int_equal(source_read("empty", &stranger, LIMIT, &f->out, &f->err), 0);
	assert_int_equal(f->out.length, 0);
	write_file("more", LIMIT + 1);
	assert_int_equal(source_read("more", NULL, LIMIT, &f->out, &f->err), -1);
	assert_int_equal(f->err.kind, ERROR_POLICY);
	assert_string_equal(f->err.text, "more: larger than 1024 bytes");
}

static void what_is_not_there_is_no_error(void **state)
{
	struct fixture *f = *state;

	write_file("file", 1);
	assert_int_equal(source_read("none", NULL, LIMIT, &f->out, &f->err), 1);
	assert_int_equal(source_read("none/below", &stranger, LIMIT, &f->out, &f->err),
			 1);
	assert_int_equal(source_read("file/below", NULL, LIMIT, &f->out, &f->err), 1);
}

/* A FIFO without a writer would block for ever. */
static void refuses_what_is_no_regular_file(void **state)
{
	static const char *const names[] = { "directory", "fifo", "socket", "/dev/zero" };
	const struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "socket" };
	struct fixture *f = *state;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(mkdir("directory", 0755), 0);
	assert_int_equal(mkfifo("fifo", 0644), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
	close(fd);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		for (int project = 0; project <= 1; project++) {
			if (source_read(names[i], project ? &stranger : NULL, LIMIT,
					&f->out, &f->err) != -1)
				fail_msg("'%s' was read", names[i]);
			assert_int_equal(f->err.kind, ERROR_POLICY);
		}
	}
}

static void only_the_operator_may_link(void **state)
{
	struct fixture *f = *state;

	write_file("file", 3);
	assert_int_equal(symlink("file", "link"), 0);
	assert_int_equal(source_read("link", NULL, LIMIT, &f->out, &f->err), 0);
	assert_int_equal(f->out.length, 3);
	assert_int_equal(source_read("link", &stranger, LIMIT, &f->out, &f->err), -1);
	assert_string_equal(f->err.text, "link: is a symbolic link");
}

static void root_reads_no_more_than_the_agent_could(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0)
		skip();
	write_file("secret", 3);
	assert_int_equal(chmod("secret", 0640), 0);
	assert_int_equal(source_read("secret", &stranger, LIMIT, &f->out, &f->err), -1);
	assert_string_equal(f->err.text,
			    "secret: the agent's user (uid 54321) cannot read it");

	/* With root's own powers back, and the agent's groups while it lasts. */
	assert_int_equal(source_read("secret", NULL, LIMIT, &f->out, &f->err), 0);
	assert_int_equal(chown("secret", 0, 54330), 0);
	assert_int_equal(source_read("secret", &stranger, LIMIT, &f->out, &f->err), 0);
	assert_int_equal(chown("secret", 54322, 54322), 0);
	assert_int_equal(chmod("secret", 0), 0);
	assert_int_equal(source_read("secret", NULL, LIMIT, &f->out, &f->err), 0);
}

static void finds_the_nearest_project_file(void **state)
{
	struct fixture *f = *state;
	char expected[64];

	assert_int_equal(mkdir("a", 0755), 0);
	assert_int_equal(mkdir("a/b", 0755), 0);
	assert_int_equal(chdir("a/b"), 0);
	assert_int_equal(source_find_project(NULL, &f->out, &f->err), 1);
	write_file("../../.ccpod.yml", 1);
	assert_int_equal(source_find_project(NULL, &f->out, &f->err), 0);
	snprintf(expected, sizeof(expected), "%s/.ccpod.yml", f->top);
	assert_string_equal(f->out.data, expected);
	buf_clear(&f->out);
	/* Whatever it is: a broken link must not make the search go on to a laxer file. */
	assert_int_equal(symlink("nowhere", ".ccpod.yml"), 0);
	assert_int_equal(source_find_project(NULL, &f->out, &f->err), 0);
	snprintf(expected, sizeof(expected), "%s/a/b/.ccpod.yml", f->top);
	assert_string_equal(f->out.data, expected);
}

static void tells_who_could_change_a_file(void **state)
{
	struct fixture *f = *state;
	struct user me = { .uid = geteuid(), .gid = getegid() };
	char path[64];

	assert_int_equal(mkdir("d", 0755), 0);
	write_file("d/file", 1);
	snprintf(path, sizeof(path), "%s/d/file", f->top);
	assert_true(source_writable_by(path, &me));
	assert_false(source_writable_by(path, &stranger));
	assert_false(source_writable_by("d/file", &stranger));
	assert_false(source_writable_by("./d/../d//file", &stranger));

	assert_int_equal(chmod("d/file", 0646), 0);
	assert_true(source_writable_by(path, &stranger));
	assert_int_equal(chmod("d/file", 0644), 0);

	assert_int_equal(chmod("d", 0757), 0);
	assert_true(source_writable_by(path, &stranger));
	/* As in /tmp, where this very directory lies. */
	assert_int_equal(chmod("d", 01757), 0);
	assert_false(source_writable_by(path, &stranger));
	assert_int_equal(chmod("d", 0755), 0);

	assert_int_equal(chmod(f->top, 0757), 0);
	assert_true(source_writable_by(path, &stranger));
	assert_true(source_writable_by("d/none", &stranger));
}

static void tells_who_could_turn_a_link(void **state)
{
	struct fixture *f = *state;

	(void)f;
	assert_int_equal(mkdir("open", 0777), 0);
	assert_int_equal(chmod("open", 0777), 0);
	assert_int_equal(mkdir("closed", 0755), 0);
	write_file("closed/file", 1);
	assert_int_equal(symlink("../closed/file", "open/link"), 0);
	assert_int_equal(symlink("closed/file", "link"), 0);
	assert_int_equal(symlink("open/../link", "long"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_true(source_writable_by("open/link", &stranger));
	assert_false(source_writable_by("link", &stranger));
	assert_false(source_writable_by("long", &stranger));
	assert_true(source_writable_by("loop", &stranger));
}

static void tells_what_groups_could_change(void **state)
{
	struct fixture *f = *state;

	(void)f;
	if (geteuid() != 0)
		skip();
	write_file("file", 1);
	assert_int_equal(chown("file", 0, 54330), 0);
	assert_int_equal(chmod("file", 0664), 0);
	assert_true(source_writable_by("file", &stranger));
	/* Who is in the group does not get what others have. */
	assert_int_equal(chmod("file", 0606), 0);
	assert_false(source_writable_by("file", &stranger));
	assert_int_equal(chown("file", 54321, 0), 0);
	assert_int_equal(chmod("file", 0400), 0);
	assert_true(source_writable_by("file", &stranger));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_up_to_the_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_there_is_no_error, setup,
						teardown),
		cmocka_unit_test_setup_teardown(refuses_what_is_no_regular_file, setup,
						teardown),
		cmocka_unit_test_setup_teardown(only_the_operator_may_link, setup,
						teardown),
		cmocka_unit_test_setup_teardown(root_reads_no_more_than_the_agent_could,
						setup, teardown),
		cmocka_unit_test_setup_teardown(finds_the_nearest_project_file, setup,
						teardown),
		cmocka_unit_test_setup_teardown(tells_who_could_change_a_file, setup,
						teardown),
		cmocka_unit_test_setup_teardown(tells_who_could_turn_a_link, setup,
						teardown),
		cmocka_unit_test_setup_teardown(tells_what_groups_could_change, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
