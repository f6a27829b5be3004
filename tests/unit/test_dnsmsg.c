#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ares.h>
#include <cmocka.h>

#include "lib/dnsmsg.h"
#include "tests/unit/dns_wire.h"

/* What is read: clients' questions, upstreams' replies, the stream. */

#define RD 0x0100

static struct wire wire;
static struct dnsmsg_question question;
static int rcode;

/* From the heap, so that the sanitizer sees a read behind the end. */
static enum dnsmsg_read read_bytes(const void *bytes, size_t length)
{
	uint8_t *copy = malloc(length ? length : 1);
	enum dnsmsg_read result;

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	memset(&question, 0xa5, sizeof(question));
	rcode = -1;
	result = dnsmsg_read(copy, length, &question, &rcode);
	free(copy);
	return result;
}

static enum dnsmsg_read read_wire(void)
{
	return read_bytes(wire.bytes, wire.length);
}

static void ask(const char *name, unsigned type)
{
	wire_header(&wire, 0x1234, RD, 1, 0, 0, 0);
	wire_question(&wire, name, type, 1);
}

static void a_question_is_read(void **state)
{
	static const uint8_t bytes[] = "\xab\xcd\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
				       "\x03"
				       "Api\x07"
				       "eXample\x03"
				       "com\x00\x00\x1c\x00\x01";

	(void)state;
	assert_int_equal(read_bytes(bytes, sizeof(bytes) - 1), DNSMSG_QUESTION);
	assert_int_equal(question.id, 0xabcd);
	assert_int_equal(question.type, DNSMSG_TYPE_AAAA);
	assert_int_equal(question.opcode, 0);
	assert_true(question.recursion);
	assert_false(question.edns);
	assert_int_equal(question.udp_size, DNSMSG_UDP_MIN);
	assert_string_equal(question.text, "Api.eXample.com");
	assert_string_equal(question.host, "api.example.com");

	wire_header(&wire, 1, 0, 1, 0, 0, 0);
	wire_question(&wire, "_dmarc.x_y.example", 65535, 1);
	assert_int_equal(read_wire(), DNSMSG_QUESTION);
	assert_false(question.recursion);
	assert_int_equal(question.type, 65535);
	assert_string_equal(question.host, "_dmarc.x_y.example");
}

static void what_a_client_takes_is_bounded(void **state)
{
	static const struct {
		unsigned sent, taken;
	} sizes[] = { { 0, 512 },     { 511, 512 },   { 512, 512 },   { 513, 513 },
		      { 1232, 1232 }, { 1233, 1232 }, { 4096, 1232 }, { 65535, 1232 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ask("a.example", 1);
		wire_opt(&wire, sizes[i].sent);
		wire.bytes[11] = 1;
		assert_int_equal(read_wire(), DNSMSG_QUESTION);
		assert_true(question.edns);
		assert_int_equal(question.udp_size, sizes[i].taken);
	}
}

static void what_is_no_query_gets_no_answer(void **state)
{
	(void)state;
	ask("a.example", 1);
	for (size_t length = 0; length < 12; length++)
		assert_int_equal(read_bytes(wire.bytes, length), DNSMSG_NOTHING);
	wire.bytes[2] |= 0x80;
	assert_int_equal(read_wire(), DNSMSG_NOTHING);
}

static void assert_fault(int expected)
{
	assert_int_equal(read_wire(), DNSMSG_FAULT);
	assert_int_equal(rcode, expected);
	assert_int_equal(question.id, 0x1234);
	assert_true(question.recursion);
	assert_int_equal(question.type, 0);
	assert_string_equal(question.text, "");
	assert_string_equal(question.host, "");
}

static void a_part_of_one_is_a_fault(void **state)
{
	size_t whole;

	(void)state;
	ask("a.example", 1);
	wire_opt(&wire, 1232);
	wire.bytes[11] = 1;
	whole = wire.length;
	for (wire.length = 12; wire.length < whole; wire.length++)
		assert_fault(DNSMSG_FORMERR);
	assert_int_equal(read_wire(), DNSMSG_QUESTION);
}

static void faults_have_their_codes(void **state)
{
	(void)state;
	for (unsigned opcode = 1; opcode < 16; opcode++) {
		ask("a.example", 1);
		wire.bytes[2] |= (uint8_t)(opcode << 3);
		assert_fault(DNSMSG_NOTIMP);
		assert_int_equal(question.opcode, opcode);
	}
	ask("a.example", 1);
	wire.bytes[wire.length - 1] = 3; /* CHAOS */
	assert_fault(DNSMSG_NOTIMP);
	wire.bytes[wire.length - 1] = 255; /* ANY */
	assert_fault(DNSMSG_NOTIMP);
	wire.bytes[wire.length - 1] = 2; /* unknown to the parser */
	assert_fault(DNSMSG_FORMERR);
	ask("a.example", 0);
	assert_fault(DNSMSG_FORMERR);
}

static void only_one_question_and_opt_stand_in_a_query(void **state)
{
	(void)state;
	wire_header(&wire, 0x1234, RD, 0, 0, 0, 0);
	assert_fault(DNSMSG_FORMERR);
	wire_header(&wire, 0x1234, RD, 2, 0, 0, 0);
	wire_question(&wire, "a.example", 1, 1);
	wire_question(&wire, "b.example", 1, 1);
	assert_fault(DNSMSG_FORMERR);
	for (size_t section = 1; section <= 2; section++) {
		ask("a.example", 1);
		wire_addr(&wire, "a.example", 1, 60, 1);
		wire.bytes[5 + 2 * section] = 1;
		assert_fault(DNSMSG_FORMERR);
	}
	/* Two OPT; one of somebody. */
	ask("a.example", 1);
	wire_opt(&wire, 1232);
	wire_opt(&wire, 1232);
	wire.bytes[11] = 2;
	assert_int_equal(read_wire(), DNSMSG_FAULT);
	assert_int_equal(rcode, DNSMSG_FORMERR);
	ask("a.example", 1);
	wire_record(&wire, "b", 41, 1232, 0, "", 0);
	wire.bytes[11] = 1;
	assert_int_equal(read_wire(), DNSMSG_FAULT);
	assert_int_equal(rcode, DNSMSG_FORMERR);
	/* A signature (TSIG) behind OPT is left alone. */
	ask("a.example", 1);
	wire_opt(&wire, 1232);
	wire_record(&wire, "key", 250, 255, 0, "xyz", 3);
	wire.bytes[11] = 2;
	assert_int_equal(read_wire(), DNSMSG_QUESTION);
	assert_true(question.edns);
	wire_record(&wire, "key", 250, 255, 0, "xyz", 3);
	wire.bytes[11] = 3;
	assert_int_equal(read_wire(), DNSMSG_FAULT);
	/* More than there is: no memory is taken for them. */
	wire.bytes[10] = wire.bytes[11] = 0xff;
	assert_fault(DNSMSG_FORMERR);
}

/* A question for a name of these bytes. */
static void ask_raw(const void *name, size_t length)
{
	wire_header(&wire, 0x1234, RD, 1, 0, 0, 0);
	wire_put(&wire, name, length);
	wire16(&wire, 1);
	wire16(&wire, 1);
}

#define NO_HOST(name, shown)                                                             \
	do {                                                                             \
		ask_raw(name, sizeof(name)); /* the NUL is the root */                   \
		assert_int_equal(read_wire(), DNSMSG_QUESTION);                          \
		assert_string_equal(question.text, shown);                               \
		assert_string_equal(question.host, "");                                  \
	} while (0)

static void what_is_no_host_name_has_no_host(void **state)
{
	(void)state;
	NO_HOST("", "");
	NO_HOST("\003a.b\001c", "a\\.b.c");
	NO_HOST("\002a\x01\001c", "a\\001.c");
	NO_HOST("\004a\0bc\001c", "a\\000bc.c");
	NO_HOST("\002a\xff\001c", "a\\255.c");
	NO_HOST("\003a b\001c", "a b.c");
	NO_HOST("\001*\001c", "*.c");
	NO_HOST("\001a\0011", "a.1");
	NO_HOST("\002-a\001c", "-a.c");
	NO_HOST("\002a\\\001c", "a\\\\.c");
}

static void a_name_has_255_bytes_at_most(void **state)
{
	uint8_t name[300];

	(void)state;
	for (size_t label = 0; label < 4; label++) {
		name[64 * label] = 63;
		memset(name + 64 * label + 1, 0xff, 63);
	}
	name[3 * 64] = 61;
	name[254] = 0;
	ask_raw(name, 255);
	assert_int_equal(read_wire(), DNSMSG_QUESTION);
	assert_int_equal(strlen(question.text), 4 * (3 * 63 + 61) + 3);
	assert_string_equal(question.host, "");
	name[3 * 64] = 62;
	name[255] = 0;
	ask_raw(name, 256);
	assert_fault(DNSMSG_FORMERR);
	/* 254 letters and dots are one more than a host name has. */
	for (size_t i = 0; i < 255; i++)
		name[i] = i % 64 == 0 ? 63 : 'a';
	name[3 * 64] = 61;
	name[254] = 0;
	ask_raw(name, 255);
	assert_int_equal(read_wire(), DNSMSG_QUESTION);
	assert_int_equal(strlen(question.text), HOST_MAX);
	assert_string_equal(question.host, question.text);
}

static void broken_names_are_faults(void **state)
{
	static const struct {
		const char *name;
		size_t length;
	} names[] = {
		{ "\xc0\x0c", 2 },      /* itself */
		{ "\xc0\xff", 2 },      /* behind the end */
		{ "\001a\xc0\x0e", 4 }, /* forward */
		{ "\x41"
		  "a",
		  2 }, /* a bit label */
		{ "\x80"
		  "a",
		  2 },
		{ "\x3f"
		  "abc",
		  4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		ask_raw(names[i].name, names[i].length);
		assert_fault(DNSMSG_FORMERR);
	}
}

/* Upstreams' replies. */

static struct addr addrs[1024];
static uint32_t ttl;

static void reply_begin(const char *name, unsigned type, unsigned answers)
{
	wire_header(&wire, 0x1234, 0x8180, 1, answers, 0, 0);
	wire_question(&wire, name, type, 1);
}

static size_t addresses(size_t room)
{
	ares_dns_record_t *record = NULL;
	size_t count;

	assert_int_equal(ares_dns_parse(wire.bytes, wire.length, 0, &record),
			 ARES_SUCCESS);
	count = dnsmsg_addresses(record, addrs, room, &ttl, &rcode);
	ares_dns_record_destroy(record);
	return count;
}

static void addresses_come_with_the_smallest_ttl(void **state)
{
	(void)state;
	reply_begin("A.example", 1, 3);
	wire_addr(&wire, "a.EXAMPLE", 1, 300, 1);
	wire_addr(&wire, "a.example", 1, 30, 2);
	wire_addr(&wire, "a.example", 1, 3000, 3);
	assert_int_equal(addresses(1024), 3);
	assert_int_equal(ttl, 30);
	assert_int_equal(rcode, 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(addrs[i].family, FAMILY_4);
		assert_int_equal((uint64_t)addrs[i].value, 0xc0000201 + i);
	}
	reply_begin("a.example", 28, 1);
	wire_addr(&wire, "a.example", 28, 7, 9);
	assert_int_equal(addresses(1024), 1);
	assert_int_equal(ttl, 7);
	assert_int_equal(addrs[0].family, FAMILY_6);
	assert_int_equal((uint64_t)addrs[0].value, 9);
	assert_int_equal((uint64_t)(addrs[0].value >> 64), 0x20010db800000000);
}

static void aliases_are_followed(void **state)
{
	(void)state;
	/* In no order; the one of b counts for nothing. */
	reply_begin("a.example", 1, 5);
	wire_addr(&wire, "d.example", 1, 60, 1);
	wire_alias(&wire, "C.example", 20, "d.example");
	wire_alias(&wire, "b.example", 1, "e.example");
	wire_addr(&wire, "D.example", 1, 50, 2);
	wire_alias(&wire, "A.example", 40, "c.example");
	assert_int_equal(addresses(1024), 2);
	assert_int_equal(ttl, 20);
}

static void other_records_count_for_nothing(void **state)
{
	(void)state;
	reply_begin("a.example", 1, 6);
	wire_addr(&wire, "b.example", 1, 1, 66);  /* whose? */
	wire_addr(&wire, "a.example", 28, 1, 66); /* of another type */
	wire_record(&wire, "a.example", 1, 3, 1, "\xc0\0\x02\x42", 4); /* CHAOS */
	wire_record(&wire, "a.example", 16, 1, 1, "\x01x", 2);         /* TXT */
	wire_addr(&wire, "a.a.example", 1, 1, 66);
	wire_addr(&wire, "a.example", 1, 60, 1);
	wire_addr(&wire, "a.example", 1, 1, 66); /* authority */
	wire_addr(&wire, "a.example", 1, 1, 66); /* additional */
	wire.bytes[9] = wire.bytes[11] = 1;
	assert_int_equal(addresses(1024), 1);
	assert_int_equal((uint64_t)addrs[0].value, 0xc0000201);
	assert_int_equal(ttl, 60);
	/* Nor does an alias outside the answers, or of an owner that nothing leads to. */
	reply_begin("a.example", 1, 1);
	wire_addr(&wire, "b.example", 1, 60, 1);
	wire_alias(&wire, "a.example", 60, "b.example");
	wire.bytes[9] = 1;
	assert_int_equal(addresses(1024), 0);
	/* Only addresses are asked for. */
	reply_begin("a.example", 255, 2);
	wire_addr(&wire, "a.example", 1, 60, 1);
	wire_addr(&wire, "a.example", 28, 60, 1);
	assert_int_equal(addresses(1024), 0);
	assert_int_equal(ttl, 0);
}

/* x0 -> x1 -> ... -> xHOPS, which has an address. */
static size_t through(unsigned hops)
{
	char owner[16], target[16];

	reply_begin("x0", 1, hops + 1);
	for (unsigned i = 0; i < hops; i++) {
		snprintf(owner, sizeof(owner), "x%u", i);
		snprintf(target, sizeof(target), "x%u", i + 1);
		wire_alias(&wire, owner, 60, target);
	}
	snprintf(owner, sizeof(owner), "x%u", hops);
	wire_addr(&wire, owner, 1, 60, 1);
	return addresses(1024);
}

static void the_way_has_an_end(void **state)
{
	char name[300];

	(void)state;
	assert_int_equal(through(16), 1);
	assert_int_equal(through(17), 0);
	assert_int_equal(through(200), 0);
	reply_begin("a.example", 1, 3);
	wire_alias(&wire, "a.example", 60, "b.example");
	wire_alias(&wire, "b.example", 60, "a.example");
	wire_addr(&wire, "a.example", 1, 60, 1);
	assert_int_equal(addresses(1024), 0);
	reply_begin("a.example", 1, 2);
	wire_alias(&wire, "a.example", 60, "a.example");
	wire_addr(&wire, "a.example", 1, 60, 1);
	assert_int_equal(addresses(1024), 0);
	/* A name that no message could have: 257 letters and dots. */
	memset(name, 'a', 257);
	name[63] = name[127] = name[191] = name[255] = '.';
	name[257] = '\0';
	for (size_t cut = 0; cut <= 4; cut += 4) {
		reply_begin("a.example", 1, 2);
		wire_alias(&wire, "a.example", 60, name + cut);
		wire_addr(&wire, name + cut, 1, 60, 1);
		assert_int_equal(addresses(1024), cut ? 1 : 0);
	}
}

static void many_records_are_cut_to_the_room(void **state)
{
	(void)state;
	reply_begin("a.example", 28, 900);
	for (unsigned i = 0; i < 900; i++)
		wire_addr(&wire, "a.example", 28, i < 256 ? 300 : 1, (uint8_t)i);
	assert_int_equal(addresses(256), 256);
	assert_int_equal(ttl, 300);
	assert_int_equal(addresses(1024), 900);
	assert_int_equal(ttl, 1);
	assert_int_equal(addresses(0), 0);
}

static void the_code_is_what_it_said(void **state)
{
	(void)state;
	for (unsigned code = 0; code <= 5; code++) {
		reply_begin("a.example", 1, 0);
		wire.bytes[3] |= (uint8_t)code;
		assert_int_equal(addresses(1024), 0);
		assert_int_equal(rcode, code);
		assert_int_equal(ttl, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_read),
		cmocka_unit_test(what_a_client_takes_is_bounded),
		cmocka_unit_test(what_is_no_query_gets_no_answer),
		cmocka_unit_test(a_part_of_one_is_a_fault),
		cmocka_unit_test(faults_have_their_codes),
		cmocka_unit_test(only_one_question_and_opt_stand_in_a_query),
		cmocka_unit_test(what_is_no_host_name_has_no_host),
		cmocka_unit_test(a_name_has_255_bytes_at_most),
		cmocka_unit_test(broken_names_are_faults),
		cmocka_unit_test(addresses_come_with_the_smallest_ttl),
		cmocka_unit_test(aliases_are_followed),
		cmocka_unit_test(other_records_count_for_nothing),
		cmocka_unit_test(the_way_has_an_end),
		cmocka_unit_test(many_records_are_cut_to_the_room),
		cmocka_unit_test(the_code_is_what_it_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
