#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/addr.h"

static struct prefix must_parse(const char *text)
{
	struct error err = { 0 };
	struct prefix prefix;

	if (prefix_parse(text, strlen(text), &prefix, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return prefix;
}

static void prints_what_it_parses(void **state)
{
	static const char *const texts[] = { "0.0.0.0/0",       "192.0.2.1",
					     "198.51.100.0/24", "::/0",
					     "2001:db8::1",     "2001:db8::/32",
					     "255.255.255.255" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct prefix prefix = must_parse(texts[i]);
		char text[PREFIX_TEXT];

		assert_string_equal(prefix_format(&prefix, text), texts[i]);
	}
}

static void refuses_with_the_reason(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "192.0.2.1/24", "the network is 192.0.2.0/24" },
		{ "2001:db8::1/32", "the network is 2001:db8::/32" },
		{ "192.0.2.0/33", "not in 0-32" },
		{ "192.0.2.0/", "not in 0-32" },
		{ "192.0.2.0/08", "not in 0-32" },
		{ "::/129", "not in 0-128" },
		{ "::ffff:192.0.2.1", "write 192.0.2.1" },
		{ "010.0.0.1", "is not an address" },
		{ "10.1", "is not an address" },
		{ "fe80::1%eth0", "is not an address" },
		{ "", "is not an address" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { 0 };
		struct prefix prefix;

		assert_int_equal(
			prefix_parse(cases[i].text, strlen(cases[i].text), &prefix, &err),
			-1);
		assert_int_equal(err.kind, ERROR_POLICY);
		if (!strstr(err.text, cases[i].reason))
			fail_msg("%s: %s", cases[i].text, err.text);
	}
}

static void knows_ranges(void **state)
{
	struct prefix all4 = must_parse("0.0.0.0/0"), all6 = must_parse("::/0");
	struct prefix net = must_parse("10.0.0.0/8");
	struct prefix inside = must_parse("10.255.255.255"),
		      outside = must_parse("11.0.0.0");

	(void)state;
	assert_true(prefix_last(&all4) == UINT32_MAX);
	assert_true(prefix_last(&all6) == ~(u128)0);
	assert_true(prefix_contains(&net, &inside.base));
	assert_false(prefix_contains(&net, &outside.base));
	assert_false(prefix_contains(&all6, &inside.base));
}

static void knows_special_addresses(void **state)
{
	static const struct {
		const char *text;
		enum addr_scope scope;
	} cases[] = {
		{ "8.8.8.8", ADDR_PUBLIC },
		{ "2606:4700::1", ADDR_PUBLIC },
		{ "10.0.0.1", ADDR_PRIVATE },
		{ "172.31.255.255", ADDR_PRIVATE },
		{ "172.32.0.0", ADDR_PUBLIC },
		{ "100.64.0.1", ADDR_PRIVATE },
		{ "fc00::1", ADDR_PRIVATE },
		{ "127.0.0.53", ADDR_LOOPBACK },
		{ "::1", ADDR_LOOPBACK },
		{ "169.254.1.1", ADDR_LINK_LOCAL },
		{ "fe80::1", ADDR_LINK_LOCAL },
		{ "169.254.169.254", ADDR_METADATA },
		{ "fd00:ec2::254", ADDR_METADATA },
		{ "100.100.100.200", ADDR_METADATA },
		{ "::", ADDR_SPECIAL },
		{ "64:ff9b::a00:1", ADDR_SPECIAL },
		{ "64:ff9b:1::1", ADDR_SPECIAL },
		{ "2002:a00:1::", ADDR_SPECIAL },
		{ "2001::1", ADDR_SPECIAL },
		{ "ff02::1", ADDR_SPECIAL },
		{ "fec0::1", ADDR_SPECIAL },
		{ "239.1.1.1", ADDR_SPECIAL },
		{ "255.255.255.255", ADDR_SPECIAL },
		{ "0.1.2.3", ADDR_SPECIAL },
		{ "203.0.113.9", ADDR_PRIVATE },
		{ "2001:db8::1", ADDR_PRIVATE },
	};
	struct addr mapped = { .family = FAMILY_6,
			       .value = (u128)0xffff << 32 | 0x0a000001 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct prefix prefix = must_parse(cases[i].text);

		if (addr_scope(&prefix.base) != cases[i].scope)
			fail_msg("%s is %s", cases[i].text,
				 addr_scope_name(addr_scope(&prefix.base)));
	}
	assert_int_equal(addr_scope(&mapped), ADDR_SPECIAL);
}

/* All ranges of sixteen addresses, at either end of what there is. */
static void ranges_are_cut_into_the_fewest_prefixes(void **state)
{
	const struct addr begins[] = { { 0, FAMILY_4 },
				       { UINT32_MAX - 15, FAMILY_4 },
				       { ~(u128)15, FAMILY_6 } };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(begins) * 256; i++) {
		const struct addr *begin = &begins[i / 256];
		u128 first = begin->value + i % 16, last = begin->value + i / 16 % 16;
		struct prefix prefix;

		if (first > last)
			continue;
		prefix = prefix_within(begin->family, first, last);
		assert_true(prefix.base.value == first);
		assert_true(prefix_last(&prefix) <= last);
		/* One that is larger would begin before, or end behind. */
		if (prefix.length > 0) {
			struct prefix wider =
				prefix_of(&prefix.base, (uint8_t)(prefix.length - 1));

			assert_true(wider.base.value < first ||
				    prefix_last(&wider) > last);
		}
	}
	assert_int_equal(prefix_within(FAMILY_6, 0, addr_max(FAMILY_6)).length, 0);
	assert_int_equal(prefix_within(FAMILY_4, 0, addr_max(FAMILY_4)).length, 0);
	assert_int_equal(prefix_within(FAMILY_4, 0, addr_max(FAMILY_4) - 1).length, 1);
}

static bool is_in_a_network(const struct addr *addr)
{
	const struct prefix *prefix;

	for (size_t i = 0; (prefix = addr_not_public(i)); i++)
		if (prefix_contains(prefix, addr))
			return true;
	return false;
}

/* At the borders of all of them. */
static void the_networks_that_are_not_public_are_all_there_are(void **state)
{
	const struct prefix *prefix;
	size_t count = 0;

	(void)state;
	for (; (prefix = addr_not_public(count)); count++) {
		const u128 borders[] = { prefix->base.value - 1, prefix->base.value,
					 prefix_last(prefix), prefix_last(prefix) + 1 };

		for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
			struct addr addr = { borders[i] & addr_max(prefix->base.family),
					     prefix->base.family };

			assert_int_equal(is_in_a_network(&addr),
					 addr_scope(&addr) != ADDR_PUBLIC);
		}
	}
	assert_true(count > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_what_it_parses),
		cmocka_unit_test(refuses_with_the_reason),
		cmocka_unit_test(knows_ranges),
		cmocka_unit_test(knows_special_addresses),
		cmocka_unit_test(ranges_are_cut_into_the_fewest_prefixes),
		cmocka_unit_test(the_networks_that_are_not_public_are_all_there_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
