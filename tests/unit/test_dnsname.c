#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/dnsname.h"
#include "lib/macros.h"

static uint8_t out[DNSNAME_MAX];

#define BECOMES(text, wire)                                                              \
	do {                                                                             \
		assert_int_equal(dnsname_wire(text, out), sizeof(wire));                 \
		assert_memory_equal(out, wire, sizeof(wire));                            \
	} while (0)

static void names_become_labels(void **state)
{
	(void)state;
	BECOMES("", "");
	BECOMES("a", "\001a");
	BECOMES("Api.Example.COM", "\003Api\007Example\003COM");
	BECOMES("a.b.", "\001a\001b");
	BECOMES("a b\xff", "\004a b\xff");
}

static void escapes_become_bytes(void **state)
{
	(void)state;
	BECOMES("a\\.b.c", "\003a.b\001c");
	BECOMES("\\\\.\\@", "\001\\\001@");
	BECOMES("\\000\\255\\0461", "\004\0\xff.1");
	BECOMES("\\0001", "\002\0001");
}

static void what_is_no_name_is_refused(void **state)
{
	static const char *const texts[] = { ".",     "..",    ".a",   "a..b", "a..",
					     "\\",    "a.\\",  "\\1",  "\\12", "\\1a2",
					     "\\12a", "\\256", "\\999" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (dnsname_wire(texts[i], out) != 0)
			fail_msg("'%s' is a name", texts[i]);
	}
}

/* Labels of 63 bytes, the last of `last`. */
static size_t length_with(size_t last, const char *byte)
{
	char text[4 * 300] = "";
	size_t used = 0;

	for (size_t i = 0; i < 3 * 64 + last; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s",
					 i < 3 * 64 && i % 64 == 63 ? "." : byte);
	return dnsname_wire(text, out);
}

static void lengths_have_bounds(void **state)
{
	char label[65];

	(void)state;
	memset(label, 'a', 64);
	label[64] = '\0';
	assert_int_equal(dnsname_wire(label, out), 0);
	assert_int_equal(dnsname_wire(label + 1, out), 65);
	assert_int_equal(length_with(61, "a"), 255);
	assert_int_equal(length_with(62, "a"), 0);
	assert_int_equal(length_with(63, "a"), 0);
	assert_int_equal(length_with(61, "\\200"), 255);
	assert_int_equal(length_with(62, "\\200"), 0);
	/* As many labels as there can be, and one more. */
	for (size_t count = 127; count <= 128; count++) {
		char text[2 * 128 + 1] = "";

		for (size_t i = 0; i < count; i++)
			strcat(text, i ? ".a" : "a");
		assert_int_equal(dnsname_wire(text, out), count == 127 ? 255 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_become_labels),
		cmocka_unit_test(escapes_become_bytes),
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(lengths_have_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
