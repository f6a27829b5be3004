#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/macros.h"
#include "lib/zone.h"

static void knows_where_anybody_can_have_a_name(void **state)
{
	static const char *const public[] = {
		"com",
		"io",
		"co.uk",
		"github.io",
		"herokuapp.com",
		"workers.dev",
		"ngrok.io",
		"trycloudflare.com",
		"amazonaws.com",
		"s3.eu-west-1.amazonaws.com",
		"cloudfront.net",
	};
	static const char *const owned[] = {
		"example.com", "me.github.io",
		"xgithub.io",  "uk.co",
		"internal",    "local",
		"corp",        "xamazonaws.com",
		"github.com",  "amazonaws.com.br",
		"a.co.uk",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(public); i++)
		if (!zone_is_public(public[i]))
			fail_msg("%s", public[i]);
	for (size_t i = 0; i < ARRAY_SIZE(owned); i++)
		if (zone_is_public(owned[i]))
			fail_msg("%s", owned[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_where_anybody_can_have_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
