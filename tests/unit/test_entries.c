#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/entries.h"

/* What is kept of a policy's lines is enough to name the one behind an address. */

#define PATH "policy.yml"

static struct entry entry_of(struct arena *arena, const char *text, bool deny,
			     unsigned line)
{
	struct entry entry;
	struct error err;

	if (entry_parse(arena, text, strlen(text), &entry, &err) < 0)
		fail_msg("%s", err.text);
	entry.deny = deny;
	entry.origin = (struct origin){ PATH, line, 1 };
	return entry;
}

static struct addr addr_of(const char *text)
{
	struct addr addr;

	assert_true(addr_parse(text, strlen(text), &addr));
	return addr;
}

static void the_line_is_found(void **state)
{
	static const struct {
		const char *word, *addr, *origin, *text;
	} cases[] = {
		{ "allow", "10.1.2.3", PATH ":2", "10.1.0.0/16:443" },
		{ "allow", "10.2.2.3", PATH ":1", "10.0.0.0/8" },
		{ "allow", "2001:db8::7", PATH ":3", "[2001:db8::/32]:443" },
		{ "allow", "198.51.100.7", PATH ":4", "api.example.com:443" },
		{ "allow", "198.51.100.8", PATH ":5", "*.example.org" },
		{ "allow", "203.0.113.1", NULL, NULL },
		{ "deny", "10.9.0.1", PATH ":6", "10.9.0.0/24" },
		{ "deny", "198.51.100.7", NULL, NULL },
		{ "inbound", NULL, PATH ":9", "" },
		{ "dns", NULL, NULL, NULL },
	};
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	static const char hosts[] = "198.51.100.7 api.example.com\n"
				    "198.51.100.8 www.example.org\n"
				    "203.0.113.1 example.org\n";
	struct entry entries[] = {
		entry_of(arena, "10.0.0.0/8", false, 1),
		entry_of(arena, "10.1.0.0/16:443", false, 2),
		entry_of(arena, "[2001:db8::/32]:443", false, 3),
		entry_of(arena, "api.example.com:443", false, 4),
		entry_of(arena, "*.example.org", false, 5),
		entry_of(arena, "10.9.0.0/24", true, 6),
	};
	struct policy policy = { .entries = entries, .count = ARRAY_SIZE(entries) };
	struct buf text CLEANUP(buf_release) = { 0 };
	struct answers answers;
	struct error err;

	(void)state;
	assert_int_equal(
		answers_parse(hosts, strlen(hosts), "hosts", arena, &answers, &err), 0);
	policy.inbound.origin = (struct origin){ PATH, 9, 3 };
	entries_print(&policy, &text);
	assert_false(text.failed);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct addr addr = addr_of(cases[i].addr ? cases[i].addr : "::");
		struct entry_line line = { 0 };
		bool found = entries_find(text.data, text.length, &answers, cases[i].word,
					  cases[i].addr ? &addr : NULL, &line);

		assert_int_equal(found, cases[i].origin != NULL);
		if (found) {
			assert_string_equal(line.origin, cases[i].origin);
			assert_string_equal(line.text, cases[i].text);
		}
	}
}

static void what_is_damaged_is_passed_over(void **state)
{
	static const char text[] =
		"\n\t\nallow\nallow\tx\nallow\ta:1\t10.0.0.0/8\tten\textra"
		"\nallow\tb:2\t10.0.0.0/99\tbad\nallow\tc:3\t10.1.0.0/16";
	struct addr addr = addr_of("10.1.0.1");
	const struct answers none = { 0 };
	struct entry_line line;

	(void)state;
	assert_true(entries_find(text, strlen(text), &none, "allow", &addr, &line));
	assert_string_equal(line.origin, "a:1");
	assert_string_equal(line.text, "ten");
	assert_false(entries_find(text, 0, &none, "allow", &addr, &line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_is_found),
		cmocka_unit_test(what_is_damaged_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
