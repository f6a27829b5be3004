#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/origin.h"

static void formats_a_place(void **state)
{
	char out[ORIGIN_TEXT];

	(void)state;
	assert_string_equal(origin_format(&(struct origin){ "policy.yml", 7, 5 }, out),
			    "policy.yml:7");
	assert_string_equal(origin_format(&(struct origin){ "--allow", 0, 0 }, out),
			    "--allow");
	assert_string_equal(origin_format(&(struct origin){ "a\nb", 1, 0 }, out),
			    "a\\x0ab:1");
	assert_string_equal(origin_format(&(struct origin){ 0 }, out), "");
}

static void keeps_the_tail_of_a_long_path(void **state)
{
	char path[5000], out[ORIGIN_TEXT];

	(void)state;
	memset(path, 'x', sizeof(path));
	snprintf(path + sizeof(path) - 12, 12, "/policy.yml");
	origin_format(&(struct origin){ path, 4294967295u, 0 }, out);
	assert_memory_equal(out, "...xxx", 6);
	assert_non_null(strstr(out, "/policy.yml:4294967295"));

	memset(path, '\1', sizeof(path) - 1);
	origin_format(&(struct origin){ path, 9, 0 }, out);
	assert_string_equal(out + strlen(out) - 6, "\\x01:9");
}

static void prints_a_note(void **state)
{
	struct notes notes = { 0 };
	struct buf out = { 0 };

	(void)state;
	notes_add(&notes, NOTE_ERROR, &(struct origin){ "p.yml", 3, 9 }, "bad %s",
		  "thing");
	notes_add(&notes, NOTE_WARNING, &(struct origin){ "NETPALE_ALLOW", 0, 0 }, "odd");
	assert_int_equal(notes.errors, 1);
	assert_int_equal(notes.count, 2);
	note_print(&notes.v[0], &out);
	assert_string_equal(out.data, "p.yml:3:9: bad thing");
	buf_clear(&out);
	note_print(&notes.v[1], &out);
	assert_string_equal(out.data, "NETPALE_ALLOW: odd");
	buf_release(&out);
	notes_release(&notes);
}

static void warnings_leave_room_for_errors(void **state)
{
	struct notes notes = { 0 };
	struct origin at = { "p.yml", 1, 1 };

	(void)state;
	for (int i = 0; i < 3 * NOTES_MAX; i++)
		notes_add(&notes, NOTE_WARNING, &at, "warning");
	assert_int_equal(notes.count, NOTES_MAX);
	for (int i = 0; i < 3 * NOTES_MAX; i++)
		notes_add(&notes, NOTE_ERROR, &at, "error");
	notes_add(&notes, NOTE_WARNING, &at, "warning");
	assert_int_equal(notes.count, 2 * NOTES_MAX);
	assert_int_equal(notes.errors, 3 * NOTES_MAX);
	assert_int_equal(notes.v[NOTES_MAX].level, NOTE_ERROR);
	notes_release(&notes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_a_place),
		cmocka_unit_test(keeps_the_tail_of_a_long_path),
		cmocka_unit_test(prints_a_note),
		cmocka_unit_test(warnings_leave_room_for_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
