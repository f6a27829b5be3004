#include "tests/unit/dns_reply.h"

/* What is written, to the byte. */

static void an_answer_has_these_bytes(void **state)
{
	static const uint8_t bytes[] = "\x12\x34\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00"
				       "\x03"
				       "aPi\x07"
				       "Example\x00\x00\x01\x00\x01"
				       "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04"
				       "\xc0\x00\x02\x01"
				       "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04"
				       "\xc0\x00\x02\x02";

	(void)state;
	asked("aPi.Example", 1, false);
	give("192.0.2.1");
	give("2001:db8::1"); /* was not asked for */
	give("192.0.2.2");
	write_reply(512);
	assert_int_equal(length, sizeof(bytes) - 1);
	assert_memory_equal(out, bytes, length);
	/* RD is echoed; that recursion is there, is said anyway. */
	question.recursion = false;
	write_reply(512);
	assert_int_equal(out[2], 0x80);
	assert_int_equal(out[3], 0x80);
}

static void ipv6_too(void **state)
{
	(void)state;
	asked("a.example", 28, true);
	give("192.0.2.1");
	give("2001:db8::7");
	reply.ttl = 0x01020304;
	write_reply(1232);
	wire_header(&expected, 0x1234, 0x8180, 1, 1, 0, 1);
	wire_question(&expected, "a.example", 28, 1);
	wire16(&expected, 0xc00c);
	wire16(&expected, 28);
	wire16(&expected, 1);
	wire32(&expected, 0x01020304);
	wire16(&expected, 16);
	wire_put(&expected, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07", 16);
	wire_opt(&expected, 1232);
	assert_written(&expected);
}

/* What c-ares' writer refuses, and what compression could spoil. */
static void a_question_is_echoed_letter_by_letter(void **state)
{
	static const struct {
		const char *name;
		size_t length;
	} names[] = {
		{ "", 1 },
		{ "\003aPi\007eXAMPLE\007example\007Example", 29 },
		{ "\003a.b\001C", 7 },
		{ "\004a\0Bc\001c", 8 },
		{ "\002\x01\xff\004 \"\\;\004()@$", 14 },
		{ "\001*\0011", 5 },
	};
	int rcode;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		wire_header(&wire, 0xbeef, 0x0100, 1, 0, 0, 0);
		wire_put(&wire, names[i].name, names[i].length);
		wire16(&wire, 1);
		wire16(&wire, 1);
		assert_int_equal(dnsmsg_read(wire.bytes, wire.length, &question, &rcode),
				 DNSMSG_QUESTION);
		reply = (struct dnsmsg_reply){ .rcode = DNSMSG_NXDOMAIN,
					       .ede = DNSMSG_EDE_NONE };
		write_reply(512);
		wire.bytes[2] = 0x81;
		wire.bytes[3] = 0x83;
		assert_written(&wire);
	}
}

static void the_longest_name_is_echoed(void **state)
{
	int rcode;

	(void)state;
	wire_header(&wire, 0xbeef, 0x0100, 1, 0, 0, 1);
	for (size_t i = 0; i < 254; i++)
		wire_put(&wire, i % 64 ? "\xfe" : i < 192 ? "\x3f" : "\x3d", 1);
	wire_put(&wire, "", 1);
	wire16(&wire, 1);
	wire16(&wire, 1);
	wire_opt(&wire, 0);
	assert_int_equal(dnsmsg_read(wire.bytes, wire.length, &question, &rcode),
			 DNSMSG_QUESTION);
	reply = (struct dnsmsg_reply){ .rcode = DNSMSG_NXDOMAIN, .ede = DNSMSG_EDE_NONE };
	write_reply(512);
	assert_int_equal(length, wire.length);
	assert_memory_equal(out + 12, wire.bytes + 12, 255 + 4);
}

static void opt_comes_to_those_who_sent_it(void **state)
{
	static const char said[] = "not in the policy";

	(void)state;
	for (int edns = 0; edns <= 1; edns++) {
		asked("a.example", 1, edns);
		reply.rcode = DNSMSG_NXDOMAIN;
		reply.ede = DNSMSG_EDE_BLOCKED;
		reply.ede_text = said;
		write_reply(512);
		wire_header(&expected, 0x1234, 0x8183, 1, 0, 0, edns);
		wire_question(&expected, "a.example", 1, 1);
		if (edns) {
			wire_opt(&expected, 1232);
			expected.length -= 2;
			wire16(&expected, 4 + 2 + sizeof(said) - 1);
			wire16(&expected, 15);
			wire16(&expected, 2 + sizeof(said) - 1);
			wire16(&expected, 15);
			wire_put(&expected, said, sizeof(said) - 1);
		}
		assert_written(&expected);
	}
	reply.ede = DNSMSG_EDE_NO_REACHABLE;
	reply.ede_text = NULL;
	write_reply(512);
	assert_memory_equal(out + length - 8, "\x00\x06\x00\x0f\x00\x02\x00\x16", 8);
}

static void a_long_text_is_cut_to_fit(void **state)
{
	static char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	asked("a.example", 1, true);
	reply.rcode = DNSMSG_NXDOMAIN;
	reply.ede = DNSMSG_EDE_FILTERED;
	reply.ede_text = text;
	write_reply(512);
	assert_int_equal(out[2] & 0x02, 0);
	assert_int_equal(length, 12 + 11 + 4 + 11 + 6 + 200);
}

static void no_answers_with_another_code(void **state)
{
	static const enum dnsmsg_rcode codes[] = { DNSMSG_FORMERR, DNSMSG_SERVFAIL,
						   DNSMSG_NXDOMAIN, DNSMSG_NOTIMP,
						   DNSMSG_REFUSED };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		asked("a.example", 1, false);
		give("192.0.2.1");
		reply.rcode = codes[i];
		write_reply(512);
		wire_header(&expected, 0x1234, 0x8180 | (unsigned)codes[i], 1, 0, 0, 0);
		wire_question(&expected, "a.example", 1, 1);
		assert_written(&expected);
	}
}

static void a_fault_is_answered_with_what_was_read(void **state)
{
	int rcode;

	(void)state;
	/* NOTIFY; two questions; another class, with OPT. */
	wire_header(&wire, 0x7777, 0x2100, 1, 0, 0, 0);
	assert_int_equal(dnsmsg_read(wire.bytes, wire.length, &question, &rcode),
			 DNSMSG_FAULT);
	reply = (struct dnsmsg_reply){ .rcode = (enum dnsmsg_rcode)rcode,
				       .ede = DNSMSG_EDE_NONE };
	write_reply(512);
	wire_header(&expected, 0x7777, 0xa184, 0, 0, 0, 0);
	assert_written(&expected);

	wire_header(&wire, 0x7777, 0, 2, 0, 0, 0);
	assert_int_equal(dnsmsg_read(wire.bytes, wire.length, &question, &rcode),
			 DNSMSG_FAULT);
	reply.rcode = (enum dnsmsg_rcode)rcode;
	write_reply(512);
	wire_header(&expected, 0x7777, 0x8081, 0, 0, 0, 0);
	assert_written(&expected);

	wire_header(&wire, 0x7777, 0x0100, 1, 0, 0, 1);
	wire_question(&wire, "version.bind", 16, 3);
	wire_opt(&wire, 1232);
	assert_int_equal(dnsmsg_read(wire.bytes, wire.length, &question, &rcode),
			 DNSMSG_FAULT);
	reply.rcode = (enum dnsmsg_rcode)rcode;
	write_reply(512);
	wire_header(&expected, 0x7777, 0x8184, 0, 0, 0, 1);
	wire_opt(&expected, 1232);
	assert_written(&expected);
}

static void ptr_says_its_name(void **state)
{
	(void)state;
	asked("1.2.0.192.in-addr.arpa", 12, false);
	reply.pointer = "api.example.com";
	write_reply(512);
	wire_header(&expected, 0x1234, 0x8180, 1, 1, 0, 0);
	wire_question(&expected, "1.2.0.192.in-addr.arpa", 12, 1);
	wire_put(&expected, "\xc0\x0c\0\x0c\0\x01\0\0\0\x3c\0\x11", 12);
	wire_name(&expected, "api.example.com");
	assert_written(&expected);
	/* And to no other question. */
	for (unsigned type = 1; type <= 65; type += 64) {
		asked("a.example", type, false);
		reply.pointer = "api.example.com";
		write_reply(512);
		assert_int_equal(out[7], 0);
	}
}

static void other_types_have_no_data(void **state)
{
	(void)state;
	asked("a.example", 65, false);
	give("192.0.2.1");
	give("2001:db8::1");
	write_reply(512);
	wire_header(&expected, 0x1234, 0x8180, 1, 0, 0, 0);
	wire_question(&expected, "a.example", 65, 1);
	assert_written(&expected);
}

/* The aliases of upstream and the guard's addresses, not upstream's. */
static void aliases_lead_to_what_is_admitted(void **state)
{
	ares_dns_record_t *upstream;

	(void)state;
	wire_header(&wire, 0x9999, 0x8580, 1, 5, 0, 0);
	wire_question(&wire, "a.example", 1, 1);
	wire_alias(&wire, "b.Example", 9999, "c.Net");
	wire_alias(&wire, "a.example", 5, "B.example");
	wire_alias(&wire, "x.example", 5, "y.example");
	wire_addr(&wire, "c.net", 1, 60, 66);
	wire_addr(&wire, "C.net", 1, 60, 1);
	upstream = parsed();
	asked("A.exAmple", 1, true);
	reply.upstream = upstream;
	give("192.0.2.1");
	write_reply(1232);
	wire_header(&expected, 0x1234, 0x8180, 1, 3, 0, 1);
	wire_question(&expected, "A.exAmple", 1, 1);
	wire_put(&expected, "\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x0b", 12);
	wire_name(&expected, "B.example"); /* at 12 + 11 + 4 + 12 */
	wire_put(&expected, "\xc0\x27\0\x05\0\x01\0\0\0\x3c\0\x07", 12);
	wire_name(&expected, "c.Net"); /* at 39 + 11 + 12 */
	wire_put(&expected, "\xc0\x3e\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01", 16);
	wire_opt(&expected, 1232);
	assert_written(&expected);
	/* Nothing admitted: nothing to lead to. */
	reply.count = 0;
	write_reply(1232);
	assert_int_equal(out[7], 0);
	ares_dns_record_destroy(upstream);
}

/* To whoever asks for the same in other letters, as if it were written anew. */
static void what_was_told_is_told_again(void **state)
{
	static uint8_t bytes[512], anew[512];
	ares_dns_record_t *upstream;
	struct dnsmsg_kept kept;
	size_t length_anew;

	(void)state;
	wire_header(&wire, 0x9999, 0x8580, 1, 2, 0, 0);
	wire_question(&wire, "a.example", 1, 1);
	wire_alias(&wire, "a.example", 5, "b.example");
	wire_addr(&wire, "b.example", 1, 60, 1);
	upstream = parsed();
	for (int edns = 0; edns < 4; edns++) {
		asked("A.example", 1, edns & 1);
		reply.upstream = upstream;
		give("192.0.2.1");
		give("192.0.2.2");
		write_reply(1232);
		kept = dnsmsg_keep(&question, out, length);
		assert_int_equal(kept.count, 3);
		assert_in_range(kept.length, 1, sizeof(bytes));
		memcpy(bytes, kept.bytes, kept.length);
		kept.bytes = bytes;
		asked("a.EXAMPLE", 1, edns & 2);
		question.id = 0x4321;
		reply.ttl = 0x01020304;
		reply.upstream = upstream;
		give("192.0.2.1");
		give("192.0.2.2");
		write_reply(1232);
		length_anew = length;
		memcpy(anew, out, length);
		reply = (struct dnsmsg_reply){ .ede = DNSMSG_EDE_NONE,
					       .ttl = 0x01020304,
					       .kept = &kept };
		write_reply(1232);
		assert_int_equal(length, length_anew);
		assert_memory_equal(out, anew, length);
		/* Nor is it told where it does not fit. */
		question.edns = false;
		length = dnsmsg_write(&question, &reply, out, 60);
		assert_int_equal(out[2] & 2, 2);
		kept = dnsmsg_keep(&question, out, length);
		assert_int_equal(kept.count, 0);
	}
	ares_dns_record_destroy(upstream);
}

/* Aliases in a circle are left out, whatever else the caller says. */
static void a_circle_is_not_told(void **state)
{
	ares_dns_record_t *upstream;

	(void)state;
	wire_header(&wire, 0x9999, 0x8580, 1, 1, 0, 0);
	wire_question(&wire, "a.example", 1, 1);
	wire_alias(&wire, "a.example", 5, "a.example");
	upstream = parsed();
	asked("a.example", 1, false);
	reply.upstream = upstream;
	give("192.0.2.1");
	write_reply(512);
	assert_int_equal(out[7], 1);
	assert_int_equal(length, 12 + 11 + 4 + 16);
	ares_dns_record_destroy(upstream);
}

static void odd_aliases_are_told_as_they_are(void **state)
{
	ares_dns_record_t *upstream;

	(void)state;
	wire_header(&wire, 0x9999, 0x8580, 1, 2, 0, 0);
	wire_question(&wire, "example", 1, 1);
	wire_record(&wire, "example", 5, 1, 60, "\003a\\.\007example", 13);
	wire_put(&wire, "\003a\\.\007example\0\0\x01\0\x01\0\0\0\x3c\0\x04\1\2\3\4", 27);
	upstream = parsed();
	asked("example", 1, false);
	reply.upstream = upstream;
	give("192.0.2.1");
	write_reply(512);
	assert_int_equal(out[7], 2);
	assert_memory_equal(out + 12 + 9 + 4 + 12, "\003a\\.\007example", 13);
	ares_dns_record_destroy(upstream);
}

static void what_does_not_fit_is_cut_whole(void **state)
{
	const size_t whole = 12 + 11 + 4 + 32 * 16 + 11;

	(void)state;
	asked("a.example", 1, true);
	for (size_t i = 0; i < 32; i++)
		give("192.0.2.1");
	write_reply(whole);
	assert_int_equal(length, whole);
	assert_int_equal(out[2], 0x81);
	for (size_t limit = 512; limit < whole; limit++) {
		write_reply(limit);
		wire_header(&expected, 0x1234, 0x8380, 1, 0, 0, 1);
		wire_question(&expected, "a.example", 1, 1);
		wire_opt(&expected, 1232);
		assert_written(&expected);
	}
	/* No room for that either. */
	for (size_t limit = 1; limit < expected.length; limit++) {
		write_reply(limit);
		assert_int_equal(length, 0);
	}
}

static void no_message_is_longer_than_its_length_can_say(void **state)
{
	static uint8_t large[100000];

	(void)state;
	asked("a.example", 1, false);
	for (size_t i = 0; i < 5000; i++)
		give("192.0.2.1");
	length = dnsmsg_write(&question, &reply, large, sizeof(large));
	assert_int_equal(length, 27);
	assert_int_equal(large[2], 0x83);
	reply.count = (DNSMSG_BYTES - 27) / 16;
	length = dnsmsg_write(&question, &reply, large, sizeof(large));
	assert_int_equal(length, 27 + reply.count * 16);
	assert_int_equal(large[6] << 8 | large[7], reply.count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_has_these_bytes),
		cmocka_unit_test(ipv6_too),
		cmocka_unit_test(a_question_is_echoed_letter_by_letter),
		cmocka_unit_test(the_longest_name_is_echoed),
		cmocka_unit_test(opt_comes_to_those_who_sent_it),
		cmocka_unit_test(a_long_text_is_cut_to_fit),
		cmocka_unit_test(no_answers_with_another_code),
		cmocka_unit_test(a_fault_is_answered_with_what_was_read),
		cmocka_unit_test(ptr_says_its_name),
		cmocka_unit_test(other_types_have_no_data),
		cmocka_unit_test(aliases_lead_to_what_is_admitted),
		cmocka_unit_test(what_was_told_is_told_again),
		cmocka_unit_test(a_circle_is_not_told),
		cmocka_unit_test(odd_aliases_are_told_as_they_are),
		cmocka_unit_test(what_does_not_fit_is_cut_whole),
		cmocka_unit_test(no_message_is_longer_than_its_length_can_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
