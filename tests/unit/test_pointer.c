#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/pointer.h"

#define ZEROS "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."

static const struct {
	const char *host, *addr; /* NULL: none */
} cases[] = {
	{ "7.100.51.198.in-addr.arpa", "198.51.100.7" },
	{ "255.255.255.255.in-addr.arpa", "255.255.255.255" },
	{ "0.0.0.0.in-addr.arpa", "0.0.0.0" },
	{ "1.0.0.0." ZEROS "8.b.d.0.1.0.0.2.ip6.arpa", "2001:db8::1" },
	{ "f.0.0.0." ZEROS "8.b.d.0.1.0.0.2.ip6.arpa", "2001:db8::f" },
	{ "51.198.in-addr.arpa", NULL },
	{ "1.7.100.51.198.in-addr.arpa", NULL },
	{ "x.100.51.198.in-addr.arpa", NULL },
	{ "256.100.51.198.in-addr.arpa", NULL },
	{ "07.100.51.198.in-addr.arpa", NULL },
	{ "a.100.51.198.in-addr.arpa", NULL },
	{ "in-addr.arpa", NULL },
	{ ".in-addr.arpa", NULL },
	{ "7.100.51.198.in-addr.arpa.example.com", NULL },
	{ "7.100.51.198xin-addr.arpa", NULL },
	{ "0.0.0." ZEROS "8.b.d.0.1.0.0.2.ip6.arpa", NULL },
	{ "10.0.0.0." ZEROS "8.b.d.0.1.0.0.2.ip6.arpa", NULL },
	{ "g.0.0.0." ZEROS "8.b.d.0.1.0.0.2.ip6.arpa", NULL },
	{ "0.1.0.0.0." ZEROS "8.b.d.0.1.0.0.2.ip6.arpa", NULL },
	{ "example.com", NULL },
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char shown[ADDR_TEXT] = "";
		struct addr addr;
		bool found = pointer_parse(cases[i].host, &addr);

		if (found)
			addr_format(&addr, shown);
		assert_string_equal(shown, cases[i].addr ? cases[i].addr : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_parse) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
