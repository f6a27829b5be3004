#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "entrypoint/record_internal.h"
#include "lib/refusal.h"

#define BYTES 4096u
#define LINE 37u /* of add(), with its end */

static char path[] = "/tmp/record-XXXXXX";
static struct record_place place;
static struct record record;
static struct buf out;
static struct error err;

static int set_up(void **state)
{
	(void)state;
	strcpy(path, "/tmp/record-XXXXXX");
	if (!mkdtemp(path))
		return -1;
	place = (struct record_place){ open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
				       geteuid(), BYTES };
	record = (struct record){ .fds = { -1, -1 } };
	return place.directory < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	record_close(&record);
	buf_release(&out);
	(void)unlinkat(place.directory, RECORD_FILE, 0);
	(void)unlinkat(place.directory, RECORD_OLD_FILE, 0);
	close(place.directory);
	return rmdir(path);
}

static void open_record(void)
{
	if (record_open_at(&place, &record, &err) != 0)
		fail_msg("%s", err.text);
}

/* A line that tells its number, in front as a time stands there. */
static void add(unsigned number)
{
	char line[64];
	int length = snprintf(line, sizeof(line), "{%08u,\"filler\":\"..............\"}",
			      number);

	record_add(&record, line, (size_t)length);
}

static size_t size_of(const char *name)
{
	struct stat status;

	return fstatat(place.directory, name, &status, 0) < 0 ? 0
							      : (size_t)status.st_size;
}

static void write_file(const char *name, const char *text, size_t length)
{
	int fd = openat(place.directory, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0 && write(fd, text, length) == (ssize_t)length);
	close(fd);
}

static void assert_reads(const char *wanted)
{
	buf_clear(&out);
	assert_int_equal(record_read_at(&place, &out, &err), 0);
	assert_string_equal(out.data ? out.data : "", wanted);
}

/* Whole lines whose numbers go up, by one when `close_up`; *last is the last of them. */
static void assert_numbered(const char *text, bool close_up, int64_t *last)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n') + 1) {
		int64_t number = strtol(line + 1, NULL, 10);
		const char *end = strchr(line, '\n');

		assert_non_null(end);
		assert_true(line[0] == '{' && end[-1] == '}' && end - line == LINE - 1);
		if (*last >= 0 && (close_up ? number != *last + 1 : number <= *last))
			fail_msg("%lld behind %lld", (long long)number, (long long)*last);
		*last = number;
	}
}

static void keeps_lines_for_all_to_read(void **state)
{
	struct stat status;

	(void)state;
	assert_int_equal(record_read_at(&place, &out, &err), 1);
	umask(0077);
	open_record();
	umask(0022);
	assert_reads("");
	record_add(&record, "one", 3);
	record_add(&record, "", 0);
	record_add(&record, "two", 3);
	assert_reads("one\ntwo\n");
	assert_int_equal(fstatat(place.directory, RECORD_FILE, &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
	record_close(&record);
	record_add(&record, "three", 5);
	assert_reads("one\ntwo\n");
}

static void continues_after_a_restart(void **state)
{
	int64_t last = -1;

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		open_record();
		add(i);
		record_close(&record);
		assert_true(size_of(RECORD_FILE) <= BYTES);
		assert_true(size_of(RECORD_OLD_FILE) <= BYTES);
	}
	assert_int_equal(record_read_at(&place, &out, &err), 0);
	assert_numbered(out.data, true, &last);
	assert_int_equal(last, 499);
	assert_true(out.length > BYTES);
}

static void never_grows_beyond_its_bound(void **state)
{
	static char line[REFUSAL_LINE + 1];

	(void)state;
	open_record();
	memset(line, 'x', sizeof(line));
	for (size_t length = 0; length <= sizeof(line); length += 7) {
		record_add(&record, line, length);
		assert_true(size_of(RECORD_FILE) <= BYTES);
		assert_true(size_of(RECORD_OLD_FILE) <= BYTES);
	}
	record_close(&record);
	/* What an earlier one left may be longer. */
	write_file(RECORD_FILE, line, 100);
	for (int i = 0; i < 100; i++) {
		int fd = openat(place.directory, RECORD_FILE, O_WRONLY | O_APPEND);

		assert_true(write(fd,
				  "0123456789012345678901234567890123456789"
				  "0123456789012345678901234567890123456789\n",
				  81) == 81);
		close(fd);
	}
	open_record();
	add(1);
	assert_true(size_of(RECORD_FILE) == LINE);
	assert_true(size_of(RECORD_OLD_FILE) == 0);
}

/* The end of a line that a writer's end cut is not the begin of the next one's. */
static void drops_what_was_cut(void **state)
{
	(void)state;
	write_file(RECORD_FILE, "one\ntw", 6);
	assert_reads("one\n");
	open_record();
	record_add(&record, "three", 5);
	assert_reads("one\nthree\n");
	write_file(RECORD_OLD_FILE, "zero\nze", 7);
	assert_reads("zero\none\nthree\n");
	record_close(&record);
	write_file(RECORD_FILE, "on", 2);
	assert_reads("zero\n");
	open_record();
	record_add(&record, "three", 5);
	assert_reads("zero\nthree\n");
}

/* No room in the middle of a line: the line is lost, whole. */
static void loses_whole_lines_on_a_full_disk(void **state)
{
	struct rlimit all, little = { 100, 0 };
	int64_t last = -1;

	(void)state;
	open_record();
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
	little.rlim_max = all.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	for (unsigned i = 0; i < 10; i++)
		add(i);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	assert_int_equal(size_of(RECORD_FILE), 2 * LINE);
	add(2);
	assert_int_equal(record_read_at(&place, &out, &err), 0);
	assert_numbered(out.data, true, &last);
	assert_int_equal(last, 2);
}

/* What can lie at that place and is no regular file of ours. */
static void refuses_what_is_not_its_own(void **state)
{
	struct record_tail tail = { .fd = -1 };

	(void)state;
	assert_int_equal(symlinkat("/etc/passwd", place.directory, RECORD_FILE), 0);
	assert_int_equal(record_open_at(&place, &record, &err), 1);
	assert_int_equal(record.fds[0], -1);
	assert_int_equal(record_read_at(&place, &out, &err), -1);
	assert_int_equal(record_follow_at(&place, &tail, &out, &err), -1);
	assert_int_equal(unlinkat(place.directory, RECORD_FILE, 0), 0);

	assert_int_equal(mkfifoat(place.directory, RECORD_FILE, 0644), 0);
	assert_int_equal(record_open_at(&place, &record, &err), 1);
	assert_int_equal(record_read_at(&place, &out, &err), -1);
	assert_int_equal(unlinkat(place.directory, RECORD_FILE, 0), 0);

	write_file(RECORD_FILE, "one\n", 4);
	place.owner++;
	assert_int_equal(record_open_at(&place, &record, &err), 1);
	assert_int_equal(record_read_at(&place, &out, &err), -1);
	assert_int_equal(record_follow_at(&place, &tail, &out, &err), -1);
	assert_int_equal(out.length, 0);
}

/* Each moment at which a writer can be while it moves lines, or can have died. */
static void reads_each_line_once_at_any_moment(void **state)
{
	static const struct {
		const char *old, *file, *wanted;
	} moments[] = {
		{ "1\n2\n", "3\n4\n", "1\n2\n3\n4\n" },
		{ "", "3\n4\n", "3\n4\n" },
		{ "3\n", "3\n4\n", "3\n4\n" },
		{ "3\n4", "3\n4\n", "3\n4\n" },
		{ "3\n4\n", "3\n4\n", "3\n4\n" },
		{ "3\n4\n", "3\n4\n5\n", "3\n4\n5\n" },
		{ "3\n4\n", "", "3\n4\n" },
		{ "3\n4\n", "5\n", "3\n4\n5\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		write_file(RECORD_OLD_FILE, moments[i].old, strlen(moments[i].old));
		write_file(RECORD_FILE, moments[i].file, strlen(moments[i].file));
		assert_reads(moments[i].wanted);
	}
}

static void follow(struct record_tail *tail)
{
	buf_clear(&out);
	if (record_follow_at(&place, tail, &out, &err) < 0)
		fail_msg("%s", err.text);
}

static void follows_what_comes(void **state)
{
	struct record_tail tail = { .fd = -1 };

	(void)state;
	follow(&tail);
	assert_int_equal(out.length, 0);
	open_record();
	add(1);
	follow(&tail);
	assert_int_equal(out.length, LINE);
	record_tail_release(&tail);
	follow(&tail);
	assert_int_equal(out.length, 0);
	add(2);
	follow(&tail);
	assert_int_equal(out.length, LINE);
	follow(&tail);
	assert_int_equal(out.length, 0);
	record_tail_release(&tail);
}

/* Half a line waits for its other half, also when it is what there is at the first call. */
static void follows_whole_lines(void **state)
{
	struct record_tail tail = { .fd = -1 };
	int fd;

	(void)state;
	write_file(RECORD_FILE, "one\ntw", 6);
	fd = openat(place.directory, RECORD_FILE, O_WRONLY | O_APPEND);
	follow(&tail);
	follow(&tail);
	assert_int_equal(out.length, 0);
	assert_true(write(fd, "o\nthre", 6) == 6);
	follow(&tail);
	assert_string_equal(out.data, "two\n");
	assert_true(write(fd, "e\n", 2) == 2);
	follow(&tail);
	assert_string_equal(out.data, "three\n");
	close(fd);
	record_tail_release(&tail);
}

/* Over many turnovers, however many lines come between two looks. */
static void follows_lines_that_move(void **state)
{
	(void)state;
	open_record();
	for (unsigned step = 1; step < 100; step++) {
		struct record_tail tail = { .fd = -1 };
		int64_t last = -1;

		follow(&tail);
		for (unsigned i = 0; i < 1000; i++) {
			add(step * 1000 + i);
			if (i % step == 0) {
				follow(&tail);
				assert_numbered(out.data, true, &last);
				assert_int_equal(last, step * 1000 + i);
			}
		}
		record_tail_release(&tail);
	}
}

#define LINES 60000u

static void write_lines(void)
{
	if (record_open_at(&place, &record, &err) != 0)
		_exit(1);
	for (unsigned i = 0; i < LINES; i++)
		add(i);
	_exit(0);
}

/* A reader and a follower beside a writer that never waits: no line cut, none twice, none left out of
 * the middle. What moved twice between two looks of the follower it misses. */
static void reads_beside_a_writer(void **state)
{
	struct record_tail tail = { .fd = -1 };
	int64_t followed = -1, before = -1;
	unsigned reads = 0;
	pid_t child;
	int status;

	(void)state;
	place.bytes = 32768;
	open_record();
	record_close(&record);
	follow(&tail);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		write_lines();
	while (waitpid(child, &status, WNOHANG) == 0) {
		int64_t last = -1;

		buf_clear(&out);
		if (record_read_at(&place, &out, &err) == 0) {
			assert_numbered(out.data, true, &last);
			assert_true(last >= before);
			before = last;
			reads++;
		}
		follow(&tail);
		assert_numbered(out.data, false, &followed);
	}
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(reads > 0);
	follow(&tail);
	assert_numbered(out.data, false, &followed);
	assert_int_equal(followed, LINES - 1);
	record_tail_release(&tail);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keeps_lines_for_all_to_read),
		TEST(continues_after_a_restart),
		TEST(never_grows_beyond_its_bound),
		TEST(drops_what_was_cut),
		TEST(loses_whole_lines_on_a_full_disk),
		TEST(refuses_what_is_not_its_own),
		TEST(reads_each_line_once_at_any_moment),
		TEST(follows_what_comes),
		TEST(follows_whole_lines),
		TEST(follows_lines_that_move),
		TEST(reads_beside_a_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
