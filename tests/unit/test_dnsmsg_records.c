#include "tests/unit/dns_reply.h"

/* MX, SRV and TXT: what upstream says of them, and what of it is told. */

#define MX 15
#define TXT 16
#define SRV 33

static ares_dns_record_t *upstream;

/* Begins a reply with `answers` records to come. */
static void upstream_says(const char *name, unsigned type, unsigned answers)
{
	wire_header(&wire, 0x9999, 0x8580, 1, answers, 0, 0);
	wire_question(&wire, name, type, 1);
}

/* The reply in `wire` is what upstream says to a question for `name`; how many records. */
static size_t heard(const char *name, unsigned type, uint32_t *ret_ttl)
{
	size_t count;
	int rcode;

	ares_dns_record_destroy(upstream);
	upstream = parsed();
	count = dnsmsg_records(upstream, ret_ttl, &rcode);
	assert_int_equal(rcode, wire.bytes[3] & 15);
	asked(name, type, false);
	reply.upstream = upstream;
	return count;
}

static void expect_header(const char *name, unsigned type, unsigned answers)
{
	wire_header(&expected, 0x1234, 0x8180, 1, answers, 0, 0);
	wire_question(&expected, name, type, 1);
}

/* Owned by what stands at `owner`. */
static void expect_record(unsigned owner, unsigned type, const void *data, size_t bytes)
{
	wire16(&expected, 0xc000 | owner);
	wire16(&expected, type);
	wire16(&expected, 1);
	wire32(&expected, 60);
	wire16(&expected, (unsigned)bytes);
	wire_put(&expected, data, bytes);
}

static void srv_is_written_anew(void **state)
{
	uint32_t ttl;

	(void)state;
	upstream_says("_imap.a.example", SRV, 2);
	/* Their targets are compressed; what is written is not. */
	wire_record(&wire, "_imap.a.example", SRV, 1, 90, "\0\1\0\2\3\xe1\4Mail\xc0\x12",
		    13);
	wire_record(&wire, "_IMAP.a.Example", SRV, 1, 70, "\xff\xfe\xfd\xfc\0\0\0", 7);
	assert_int_equal(heard("_imap.A.example", SRV, &ttl), 2);
	assert_int_equal(ttl, 70);
	write_reply(512);
	expect_header("_imap.A.example", SRV, 2);
	expect_record(12, SRV, "\0\1\0\2\3\xe1\4Mail\1a\7example\0", 22);
	expect_record(12, SRV, "\xff\xfe\xfd\xfc\0\0\0", 7);
	assert_written(&expected);
}

static void mx_is_written_anew(void **state)
{
	uint32_t ttl;

	(void)state;
	upstream_says("a.example", MX, 3);
	wire_record(&wire, "a.example", MX, 1, 60, "\0\12\2mx\xc0\x0c", 7);
	wire_record(&wire, "a.example", MX, 1, 60, "\0\0\0", 3);
	/* Bytes that mean something in a text. */
	wire_record(&wire, "a.example", MX, 1, 60, "\x12\x34\4a.\\\0\0", 8);
	assert_int_equal(heard("a.example", MX, &ttl), 3);
	write_reply(512);
	expect_header("a.example", MX, 3);
	expect_record(12, MX, "\0\12\2mx\1a\7example\0", 16);
	expect_record(12, MX, "\0\0\0", 3);
	expect_record(12, MX, "\x12\x34\4a.\\\0\0", 8);
	assert_written(&expected);
}

static void txt_keeps_its_strings(void **state)
{
	uint8_t all[1 + 255 + 1 + 1 + 1 + 2] = { 255 };
	uint32_t ttl;

	(void)state;
	for (size_t i = 0; i < 255; i++)
		all[1 + i] = (uint8_t)i;
	memcpy(all + 256, "\1\xff\0\1x", 5);
	upstream_says("a.example", TXT, 2);
	wire_record(&wire, "a.example", TXT, 1, 60, all, sizeof(all));
	wire_record(&wire, "a.example", TXT, 1, 60, "\0", 1);
	assert_int_equal(heard("a.example", TXT, &ttl), 2);
	write_reply(512);
	expect_header("a.example", TXT, 2);
	expect_record(12, TXT, all, sizeof(all));
	expect_record(12, TXT, "\0", 1);
	assert_written(&expected);
}

static void aliases_lead_to_records(void **state)
{
	uint32_t ttl;

	(void)state;
	upstream_says("a.example", TXT, 3);
	wire_record(&wire, "b.Net", TXT, 1, 600, "\2hi", 3);
	wire_alias(&wire, "a.example", 40, "B.net");
	wire_record(&wire, "a.example", TXT, 1, 20, "\2no", 3);
	assert_int_equal(heard("a.example", TXT, &ttl), 1);
	assert_int_equal(ttl, 40);
	write_reply(512);
	expect_header("a.example", TXT, 2);
	wire_put(&expected, "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\7", 12);
	wire_name(&expected, "B.net"); /* at 12 + 11 + 4 + 12 */
	expect_record(39, TXT, "\2hi", 3);
	assert_written(&expected);
}

static void nothing_else_is_told(void **state)
{
	uint32_t ttl;

	(void)state;
	wire_header(&wire, 0x9999, 0x8580, 1, 5, 1, 2);
	wire_question(&wire, "a.example", MX, 1);
	wire_record(&wire, "a.example", TXT, 1, 1, "\2no", 3);
	wire_addr(&wire, "a.example", 1, 1, 66);
	wire_record(&wire, "b.example", MX, 1, 1, "\0\1\0", 3);
	wire_record(&wire, "a.example", MX, 3, 1, "\0\1\0", 3);
	wire_record(&wire, "a.example", MX, 1, 50, "\0\2\0", 3);
	wire_record(&wire, "a.example", MX, 1, 1, "\0\1\0", 3);
	wire_record(&wire, "a.example", MX, 1, 1, "\0\1\0", 3);
	wire_addr(&wire, "mx.example", 1, 1, 66);
	assert_int_equal(heard("a.example", MX, &ttl), 1);
	assert_int_equal(ttl, 50);
	write_reply(512);
	expect_header("a.example", MX, 1);
	expect_record(12, MX, "\0\2\0", 3);
	assert_written(&expected);
	/* With another code nothing at all. */
	reply.rcode = DNSMSG_NXDOMAIN;
	write_reply(512);
	assert_int_equal(length, 12 + 11 + 4);
	assert_int_equal(out[7], 0);
}

static void no_records_have_no_ttl(void **state)
{
	uint32_t ttl = 7;

	(void)state;
	upstream_says("a.example", TXT, 1);
	wire.bytes[3] |= DNSMSG_NXDOMAIN;
	wire_alias(&wire, "a.example", 40, "b.net");
	assert_int_equal(heard("a.example", TXT, &ttl), 0);
	assert_int_equal(ttl, 0);
}

/* Only what was asked, and of what nobody asks upstream nothing. */
static void types_are_not_mixed(void **state)
{
	static const unsigned others[] = { 1, 5, 12, MX, SRV, 28, 64, 65, 255 };
	uint32_t ttl;

	(void)state;
	upstream_says("a.example", TXT, 1);
	wire_record(&wire, "a.example", TXT, 1, 60, "\2no", 3);
	assert_int_equal(heard("a.example", TXT, &ttl), 1);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		asked("a.example", others[i], false);
		reply.upstream = upstream;
		write_reply(512);
		assert_int_equal(out[7], 0);
	}
	for (size_t i = 2; i < ARRAY_SIZE(others); i++) {
		if (others[i] == MX || others[i] == SRV || others[i] == 28)
			continue;
		upstream_says("a.example", others[i], 1);
		wire_alias(&wire, "a.example", 60, "b.example");
		assert_int_equal(heard("a.example", others[i], &ttl), 0);
		write_reply(512);
		assert_int_equal(out[7], 0);
	}
}

/* No addresses are taken of records that hold none. */
static void addresses_are_not_seen_in_them(void **state)
{
	struct addr addr;
	uint32_t ttl;
	int rcode;

	(void)state;
	upstream_says("a.example", TXT, 2);
	wire_record(&wire, "a.example", TXT, 1, 60, "\4four", 5);
	wire_addr(&wire, "a.example", 1, 60, 1);
	heard("a.example", TXT, &ttl);
	assert_int_equal(dnsmsg_addresses(upstream, &addr, 1, &ttl, &rcode), 0);
}

static void long_records_are_cut_whole(void **state)
{
	static uint8_t text[3000 + 12];
	const size_t whole = 12 + 11 + 4 + 12 + sizeof(text);
	uint32_t ttl;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i += 251)
		text[i] = 250;
	upstream_says("a.example", TXT, 1);
	wire_record(&wire, "a.example", TXT, 1, 60, text, sizeof(text));
	assert_int_equal(heard("a.example", TXT, &ttl), 1);
	write_reply(DNSMSG_BYTES);
	expect_header("a.example", TXT, 1);
	expect_record(12, TXT, text, sizeof(text));
	assert_written(&expected);
	for (size_t limit = 512; limit < whole; limit += limit < 1300 ? 1 : 97) {
		write_reply(limit);
		wire_header(&expected, 0x1234, 0x8380, 1, 0, 0, 0);
		wire_question(&expected, "a.example", TXT, 1);
		assert_written(&expected);
	}
	write_reply(whole);
	assert_int_equal(length, whole);
	assert_int_equal(out[2], 0x81);
}

/* c-ares reads it all the same. */
static void a_name_that_is_too_long_is_not_told(void **state)
{
	uint8_t data[2 + 5 * 64 + 1] = { 0 };
	uint32_t ttl;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		memset(data + 2 + 64 * i, 'a', 64);
		data[2 + 64 * i] = 63;
	}
	upstream_says("a.example", MX, 1);
	wire_record(&wire, "a.example", MX, 1, 60, data, sizeof(data));
	assert_int_equal(heard("a.example", MX, &ttl), 1);
	write_reply(DNSMSG_BYTES);
	assert_int_equal(length, 12 + 11 + 4);
	assert_int_equal(out[2], 0x83);
}

static int tear_down(void **state)
{
	(void)state;
	ares_dns_record_destroy(upstream);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(srv_is_written_anew),
		cmocka_unit_test(mx_is_written_anew),
		cmocka_unit_test(txt_keeps_its_strings),
		cmocka_unit_test(aliases_lead_to_records),
		cmocka_unit_test(nothing_else_is_told),
		cmocka_unit_test(no_records_have_no_ttl),
		cmocka_unit_test(types_are_not_mixed),
		cmocka_unit_test(addresses_are_not_seen_in_them),
		cmocka_unit_test(long_records_are_cut_whole),
		cmocka_unit_test(a_name_that_is_too_long_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
