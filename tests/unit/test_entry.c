#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/entry.h"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(0);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct entry parsed(const char *text)
{
	struct error err = { 0 };
	struct entry entry;

	if (entry_parse(arena, text, strlen(text), &entry, &err) < 0)
		fail_msg("'%s': %s", text, err.text);
	return entry;
}

static void parses_and_prints_each_form(void **state)
{
	static const struct {
		const char *text, *printed;
		enum entry_kind kind;
	} cases[] = {
		{ "api.example.com", "api.example.com", ENTRY_NAME },
		{ "API.example.COM.", "api.example.com", ENTRY_NAME },
		{ "db", "db", ENTRY_NAME },
		{ "a.b.c.example", "a.b.c.example", ENTRY_NAME },
		{ "db:5432", "db:5432", ENTRY_NAME },
		{ "api.example.com:443", "api.example.com:443", ENTRY_NAME },
		{ "api.example.com:53/udp", "api.example.com:53/udp", ENTRY_NAME },
		{ "*.example.com", "*.example.com", ENTRY_BELOW },
		{ "*.example.com:443", "*.example.com:443", ENTRY_BELOW },
		{ ".example.com", ".example.com", ENTRY_SUBTREE },
		{ "192.0.2.1", "192.0.2.1", ENTRY_PREFIX },
		{ "192.0.2.1/32", "192.0.2.1", ENTRY_PREFIX },
		{ "192.168.1.50:5432/tcp", "192.168.1.50:5432/tcp", ENTRY_PREFIX },
		{ "10.20.0.0/16", "10.20.0.0/16", ENTRY_PREFIX },
		{ "10.20.0.0/16:8000-8999", "10.20.0.0/16:8000-8999", ENTRY_PREFIX },
		{ "0.0.0.0/0:1-65535", "0.0.0.0/0:1-65535", ENTRY_PREFIX },
		{ "2001:db8::1", "2001:db8::1", ENTRY_PREFIX },
		{ "2001:DB8::", "2001:db8::", ENTRY_PREFIX },
		{ "2001:db8::/32", "2001:db8::/32", ENTRY_PREFIX },
		{ "[2001:db8::/32]", "2001:db8::/32", ENTRY_PREFIX },
		{ "[2001:db8::/32]:443", "[2001:db8::/32]:443", ENTRY_PREFIX },
		{ "[2001:db8::1]:53/udp", "[2001:db8::1]:53/udp", ENTRY_PREFIX },
		{ "::/0", "::/0", ENTRY_PREFIX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct entry entry = parsed(cases[i].text);
		struct buf out = { 0 };

		assert_int_equal(entry.kind, cases[i].kind);
		assert_string_equal(entry.text, cases[i].text);
		entry_print(&entry, &out);
		assert_string_equal(out.data, cases[i].printed);
		buf_release(&out);
	}
}

static void fills_the_fields(void **state)
{
	struct entry entry = parsed("*.Example.com:443");

	(void)state;
	assert_string_equal(entry.host, "example.com");
	assert_int_equal(entry.port_count, 2);
	assert_int_equal(entry.ports[0].first, 443);
	assert_int_equal(entry.ports[0].last, 443);
	assert_int_equal(entry.ports[1].first, PORTSET_UDP + 443);

	entry = parsed("10.20.0.0/16:8000-8999/udp");
	assert_int_equal(entry.prefix.base.value, 0x0a140000);
	assert_int_equal(entry.prefix.length, 16);
	assert_int_equal(entry.port_count, 1);
	assert_int_equal(entry.ports[0].first, PORTSET_UDP + 8000);
	assert_int_equal(entry.ports[0].last, PORTSET_UDP + 8999);
	assert_null(entry.host);
	assert_int_equal(parsed("192.0.2.1").port_count, 0);
}

static void explains_each_fault(void **state)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{ "", "an empty entry" },
		{ "https://api.example.com/v1",
		  "is a URL; write the host alone: api.example.com" },
		{ "https://api.example.com:8443",
		  "write the host alone: api.example.com:8443" },
		{ "example.com/path",
		  "a path cannot be allowed, write the host alone: example.com" },
		{ "example.com/tcp",
		  "a protocol needs a port, as in example.com:443/tcp" },
		{ "example.com:", "a port is missing" },
		{ ":443", "nothing stands before the port" },
		{ "example.com:0", "port '0' is not in 1-65535" },
		{ "example.com:65536", "port '65536' is not in 1-65535" },
		{ "example.com:99999999999999999999", "is not in 1-65535" },
		{ "example.com:0443", "without leading zeros" },
		{ "example.com:https",
		  "'https' is not a port; expected 443, 8000-8999 or 443/tcp" },
		{ "example.com:+443", "'+443' is not a port" },
		{ "example.com: 443", "' 443' is not a port" },
		{ "example.com:9-8", "ports '9-8' run backwards" },
		{ "example.com:8000-", "a port is missing" },
		{ "example.com:-8000", "a port is missing" },
		{ "example.com:443/sctp", "protocol 'sctp' is not tcp or udp" },
		{ "example.com:443/", "protocol '' is not tcp or udp" },
		{ "10.20.0.1/16", "has host bits set; the network is 10.20.0.0/16" },
		{ "10.0.0.0/33", "has a prefix length that is not in 0-32" },
		{ "2001:db8::/129", "has a prefix length that is not in 0-128" },
		{ "::ffff:192.0.2.1", "IPv4-mapped address; write 192.0.2.1" },
		{ "2001:db8::/32:443", "needs brackets: [2001:db8::/32]:443" },
		{ "example.com:443:80", "is neither HOST:PORT nor an IPv6 address" },
		{ "fe80::1%eth0", "is neither HOST:PORT nor an IPv6 address" },
		{ "[2001:db8::1", "expected [IPV6]:PORT" },
		{ "[2001:db8::1]443", "expected [IPV6]:PORT" },
		{ "[192.0.2.1]:443", "brackets are for IPv6" },
		{ "[2001:db8::1]:", "a port is missing" },
		{ "10.0.0.256", "'10.0.0.256' is not an address" },
		{ "10.0.0", "'10.0.0' is not an address" },
		{ "010.0.0.1", "'010.0.0.1' is not an address" },
		{ "10.0.0/8", "'10.0.0/8' is not an address" },
		{ "*", "'*' alone is not an entry" },
		{ "*example.com", "a wildcard is *.example.com" },
		{ "a.*.example.com", "is not a host name" },
		{ "*.", "is not a host name" },
		{ ".", "is not a host name" },
		{ "user@example.com", "is not a host name" },
		{ "exa mple.com", "is not a host name" },
		{ "b\xc3\xbc"
		  "cher.example",
		  "'b\\xc3\\xbccher.example' is not a host name" },
		{ "443", "is not a host name: its last label is a number" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { 0 };
		struct entry entry;

		if (entry_parse(arena, cases[i].text, strlen(cases[i].text), &entry,
				&err) == 0)
			fail_msg("'%s' was accepted", cases[i].text);
		assert_int_equal(err.kind, ERROR_POLICY);
		if (!strstr(err.text, cases[i].part))
			fail_msg("'%s': got '%s'", cases[i].text, err.text);
	}
}

static void refuses_nul_bytes(void **state)
{
	static const char *const texts[] = { "a\0b", "10.0.0.\0", "a:4\0", "[::\0]" };
	static const size_t lengths[] = { 3, 8, 4, 5 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error err = { 0 };
		struct entry entry;

		assert_int_equal(entry_parse(arena, texts[i], lengths[i], &entry, &err),
				 -1);
	}
}

static void normalises_and_prints_ports(void **state)
{
	struct port_range ranges[] = {
		{ PORTSET_UDP + 53, PORTSET_UDP + 53 },
		{ 8001, 8002 },
		{ 443, 443 },
		{ 8000, 8000 },
		{ PORTSET_UDP + 443, PORTSET_UDP + 443 },
		{ 443, 443 },
	};
	struct buf out = { 0 };
	size_t count = ports_normalise(ranges, ARRAY_SIZE(ranges));

	(void)state;
	assert_int_equal(count, 4);
	assert_int_equal(ranges[1].first, 8000);
	assert_int_equal(ranges[1].last, 8002);
	ports_print(ranges, count, &out);
	assert_string_equal(out.data, "443,8000-8002/tcp,53/udp");
	buf_release(&out);
	assert_int_equal(ports_normalise(NULL, 0), 0);
}

static void names_types_of_records(void **state)
{
	static const struct {
		const char *name;
		uint16_t number;
	} known[] = { { "mx", 15 }, { "srv", 33 }, { "txt", 16 } };
	static const char *const others[] = { "", "a", "aaaa", "m", "mxx", "tx", "any" };
	uint8_t all = 0, left;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		uint8_t type = entry_type_of(known[i].number);

		assert_int_equal(__builtin_popcount(type), 1);
		assert_int_equal(all & type, 0);
		all |= type;
		assert_int_equal(entry_type_parse(known[i].name, strlen(known[i].name)),
				 type);
	}
	assert_int_equal(entry_type_parse("SRVX", 3), entry_type_of(33));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(entry_type_parse(others[i], strlen(others[i])), 0);
	for (unsigned number = 0; number <= UINT16_MAX; number++)
		assert_int_equal(entry_type_of((uint16_t)number) != 0,
				 number == 15 || number == 16 || number == 33);
	left = all;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		assert_string_equal(entry_type_next(&left), known[i].name);
	assert_null(entry_type_next(&left));
	left = entry_type_of(16);
	assert_string_equal(entry_type_next(&left), "txt");
	assert_int_equal(left, 0);
}

/* There may be 200,000. */
static void an_entry_is_small(void **state)
{
	(void)state;
	assert_true(sizeof(struct entry) <= 112);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_and_prints_each_form),
		cmocka_unit_test(fills_the_fields),
		cmocka_unit_test(explains_each_fault),
		cmocka_unit_test(refuses_nul_bytes),
		cmocka_unit_test(normalises_and_prints_ports),
		cmocka_unit_test(names_types_of_records),
		cmocka_unit_test(an_entry_is_small),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
