#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/host.h"

static void normalises(void **state)
{
	static const struct {
		const char *text, *host;
	} cases[] = {
		{ "api.example.com", "api.example.com" },
		{ "API.Example.COM.", "api.example.com" },
		{ "a.b.example.com", "a.b.example.com" },
		{ "db", "db" },
		{ "_dmarc.example.com", "_dmarc.example.com" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "3com.example", "3com.example" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { 0 };
		char host[HOST_TEXT];

		if (host_normalise(cases[i].text, strlen(cases[i].text), host, &err) < 0)
			fail_msg("%s", err.text);
		assert_string_equal(host, cases[i].host);
	}
}

static void refuses_what_is_no_host_name(void **state)
{
	static const char *const texts[] = { "",
					     ".",
					     "a..b",
					     "-a.example",
					     "a-.example",
					     "1.2.3",
					     "127.1",
					     "0x7f.0x1",
					     "a b.example",
					     "a/b",
					     "b\xc3\xbc.example",
					     "example.123",
					     "*.example.com" };
	char label[80] = { 0 };
	char host[HOST_TEXT];
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (host_normalise(texts[i], strlen(texts[i]), host, &err) == 0)
			fail_msg("'%s' was accepted", texts[i]);
		assert_int_equal(err.kind, ERROR_POLICY);
	}
	memset(label, 'a', 64);
	assert_int_equal(host_normalise(label, 64, host, &err), -1);
	assert_int_equal(host_normalise(label, 63, host, &err), 0);
}

static void matches_below_at_label_boundaries(void **state)
{
	(void)state;
	assert_true(host_is_below("a.example.com", "example.com"));
	assert_true(host_is_below("a.b.example.com", "example.com"));
	assert_false(host_is_below("example.com", "example.com"));
	assert_false(host_is_below("evilexample.com", "example.com"));
	assert_false(host_is_below("com", "example.com"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normalises),
		cmocka_unit_test(refuses_what_is_no_host_name),
		cmocka_unit_test(matches_below_at_label_boundaries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
