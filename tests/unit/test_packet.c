#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "lib/packet.h"
#include "tests/unit/packet_wire.h"

static struct wire record, packet;
static struct packet got;

/* From memory of just that size, so that the sanitizer sees a byte too many. `got` borrows from it
 * until the next. */
static bool read_record(void)
{
	static void *exact;

	free(exact);
	exact = malloc(record.length);
	assert_non_null(exact);
	memcpy(exact, record.bytes, record.length);
	return packet_read(exact, &got);
}

/* What chain output logs, cut after `length` bytes. */
static bool read_cut(uint8_t family, size_t length)
{
	record_begin(&record, family, NF_INET_LOCAL_OUT, "netpale ");
	record_payload(&record, &packet, length);
	return read_record();
}

static bool read_whole(uint8_t family)
{
	return read_cut(family, packet.length);
}

static void assert_addr(const struct addr *addr, const char *text)
{
	char shown[ADDR_TEXT];

	assert_string_equal(addr_format(addr, shown), text);
}

static void assert_ports(uint16_t source, uint16_t destination)
{
	assert_true(got.has_ports);
	assert_int_equal(got.source_port, source);
	assert_int_equal(got.destination_port, destination);
}

static void a_connect_of_ipv4_is_read(void **state)
{
	(void)state;
	ipv4_header(&packet, 5, 0x4000, IPPROTO_TCP);
	wire16(&packet, 40000);
	wire16(&packet, 443);
	assert_true(read_whole(AF_INET));
	assert_int_equal(got.hook, PACKET_OUT);
	assert_false(got.answer);
	assert_addr(&got.source, "192.0.2.2");
	assert_addr(&got.destination, "198.51.100.10");
	assert_int_equal(got.protocol, IPPROTO_TCP);
	assert_ports(40000, 443);
	assert_false(got.has_uid);
	assert_null(got.data);
	assert_int_equal(got.length, 0);
}

static void options_of_ipv4_are_passed_over(void **state)
{
	(void)state;
	ipv4_header(&packet, 15, 0, IPPROTO_UDP);
	udp_header(&packet, 5000, 53, 0);
	assert_true(read_whole(AF_INET));
	assert_ports(5000, 53);
	/* Cut within them. */
	assert_true(read_cut(AF_INET, 59));
	assert_int_equal(got.protocol, IPPROTO_UDP);
	assert_false(got.has_ports);
}

static void every_protocol_with_ports_has_them(void **state)
{
	static const struct {
		uint8_t protocol;
		bool has_ports;
	} cases[] = {
		{ IPPROTO_TCP, true },     { IPPROTO_UDP, true },
		{ IPPROTO_UDPLITE, true }, { IPPROTO_SCTP, true },
		{ IPPROTO_DCCP, true },    { IPPROTO_ICMP, false },
		{ IPPROTO_ICMPV6, false }, { IPPROTO_GRE, false },
		{ IPPROTO_ESP, false },    { 255, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ipv4_header(&packet, 5, 0, cases[i].protocol);
		udp_header(&packet, 1, 2, 0);
		assert_true(read_whole(AF_INET));
		assert_int_equal(got.protocol, cases[i].protocol);
		assert_int_equal(got.has_ports, cases[i].has_ports);
		ipv6_header(&packet, cases[i].protocol);
		udp_header(&packet, 1, 2, 0);
		assert_true(read_whole(AF_INET6));
		assert_int_equal(got.protocol, cases[i].protocol);
		assert_int_equal(got.has_ports, cases[i].has_ports);
	}
}

static void later_fragments_have_no_ports(void **state)
{
	(void)state;
	ipv4_header(&packet, 5, 0x2000, IPPROTO_UDP); /* the first */
	udp_header(&packet, 1, 2, 0);
	assert_true(read_whole(AF_INET));
	assert_ports(1, 2);
	ipv4_header(&packet, 5, 1, IPPROTO_UDP);
	udp_header(&packet, 1, 2, 0);
	assert_true(read_whole(AF_INET));
	assert_int_equal(got.protocol, IPPROTO_UDP);
	assert_false(got.has_ports);

	ipv6_header(&packet, IPPROTO_FRAGMENT);
	ipv6_fragment(&packet, IPPROTO_UDP, 0);
	udp_header(&packet, 1, 2, 0);
	assert_true(read_whole(AF_INET6));
	assert_ports(1, 2);
	ipv6_header(&packet, IPPROTO_FRAGMENT);
	ipv6_fragment(&packet, IPPROTO_UDP, 1);
	udp_header(&packet, 1, 2, 0);
	assert_true(read_whole(AF_INET6));
	assert_int_equal(got.protocol, IPPROTO_UDP);
	assert_false(got.has_ports);
	/* What follows the first header is in the first fragment. */
	ipv6_header(&packet, IPPROTO_FRAGMENT);
	ipv6_fragment(&packet, IPPROTO_DSTOPTS, 1);
	ipv6_extension(&packet, IPPROTO_UDP, 0);
	udp_header(&packet, 1, 2, 0);
	assert_true(read_whole(AF_INET6));
	assert_int_equal(got.protocol, 255);
	assert_false(got.has_ports);
}

static void extension_headers_of_ipv6_are_passed_over(void **state)
{
	(void)state;
	ipv6_header(&packet, IPPROTO_HOPOPTS);
	ipv6_extension(&packet, IPPROTO_DSTOPTS, 2);
	ipv6_extension(&packet, IPPROTO_ROUTING, 0);
	ipv6_extension(&packet, IPPROTO_AH, 1);
	/* The authentication header counts words, less two: twelve bytes here. */
	wire_put(&packet, "\6\1\0\0\0\0\0\0\0\0\0\0", 12);
	udp_header(&packet, 40000, 443, 0);
	assert_true(read_whole(AF_INET6));
	assert_addr(&got.source, "2001:db8::2");
	assert_addr(&got.destination, "2001:db8:1::10");
	assert_int_equal(got.protocol, IPPROTO_TCP);
	assert_ports(40000, 443);
}

static void a_walk_over_extension_headers_ends(void **state)
{
	(void)state;
	for (unsigned count = 0; count < 20; count++) {
		ipv6_header(&packet, count ? IPPROTO_DSTOPTS : IPPROTO_TCP);
		for (unsigned i = 1; i <= count; i++)
			ipv6_extension(&packet, i < count ? IPPROTO_DSTOPTS : IPPROTO_TCP,
				       0);
		udp_header(&packet, 1, 2, 0);
		assert_true(read_whole(AF_INET6));
		assert_int_equal(got.protocol, count <= 8 ? IPPROTO_TCP : 255);
		assert_int_equal(got.has_ports, count <= 8);
	}
}

/* Each length gives what it holds, and nothing from behind it. */
static void a_packet_may_be_cut_anywhere(void **state)
{
	(void)state;
	ipv4_header(&packet, 6, 0, IPPROTO_UDP);
	udp_header(&packet, 1, 2, 5);
	wire_put(&packet, "hello", 5);
	for (size_t cut = 0; cut <= packet.length; cut++) {
		assert_int_equal(read_cut(AF_INET, cut), cut >= 20);
		assert_int_equal(got.has_ports, cut >= 24 + 4);
		assert_int_equal(got.length, cut > 24 + 8 ? cut - (24 + 8) : 0);
	}
	ipv6_header(&packet, IPPROTO_HOPOPTS);
	ipv6_extension(&packet, IPPROTO_DSTOPTS, 0);
	ipv6_extension(&packet, IPPROTO_UDP, 1);
	udp_header(&packet, 1, 2, 0);
	for (size_t cut = 0; cut <= packet.length; cut++) {
		assert_int_equal(read_cut(AF_INET6, cut), cut >= 40);
		if (cut < 40)
			continue;
		assert_int_equal(got.protocol, cut >= 40 + 16 ? IPPROTO_UDP : 255);
		assert_int_equal(got.has_ports, cut >= 40 + 24 + 4);
	}
}

static void what_udp_carries_ends_with_it(void **state)
{
	(void)state;
	ipv4_header(&packet, 5, 0, IPPROTO_UDP);
	udp_header(&packet, 53, 5000, 5);
	wire_put(&packet, "hello, world", 12);
	assert_true(read_whole(AF_INET));
	assert_int_equal(got.length, 5);
	assert_memory_equal(got.data, "hello", 5);
	/* Lengths that cannot be. */
	for (unsigned length = 0; length <= 8; length++) {
		packet.bytes[24] = 0;
		packet.bytes[25] = (uint8_t)length;
		assert_true(read_whole(AF_INET));
		assert_ports(53, 5000);
		assert_int_equal(got.length, 0);
	}
	packet.bytes[24] = 0xff;
	assert_true(read_whole(AF_INET));
	assert_int_equal(got.length, 12);
}

static void hooks_and_who_sent_it(void **state)
{
	(void)state;
	ipv4_header(&packet, 5, 0, IPPROTO_TCP);
	udp_header(&packet, 1, 2, 0);
	for (uint8_t hook = 0; hook < 8; hook++) {
		record_begin(&record, AF_INET, hook, "netpale ");
		record_uid(&record, 1000);
		record_payload(&record, &packet, packet.length);
		assert_int_equal(read_record(), hook == NF_INET_LOCAL_IN ||
							hook == NF_INET_FORWARD ||
							hook == NF_INET_LOCAL_OUT);
		/* Elsewhere a socket that is named is the receiver's. */
		assert_int_equal(got.has_uid, hook == NF_INET_LOCAL_OUT);
	}
	record_begin(&record, AF_INET, NF_INET_LOCAL_OUT, "netpale ");
	record_uid(&record, 4294967295u);
	record_payload(&record, &packet, packet.length);
	assert_true(read_record());
	assert_true(got.has_uid);
	assert_true(got.uid == 4294967295u);
}

static void an_answer_is_known_by_its_prefix(void **state)
{
	static const char *const others[] = { "", "netpale ", "netpale answers",
					      "NETPALE ANSWER", "netpale answe" };

	(void)state;
	ipv4_header(&packet, 5, 0, IPPROTO_UDP);
	udp_header(&packet, 53, 5000, 0);
	record_begin(&record, AF_INET, NF_INET_LOCAL_IN, PACKET_ANSWER);
	record_payload(&record, &packet, packet.length);
	assert_true(read_record());
	assert_true(got.answer);
	assert_int_equal(got.hook, PACKET_IN);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		record_begin(&record, AF_INET, NF_INET_LOCAL_IN, others[i]);
		record_payload(&record, &packet, packet.length);
		assert_true(read_record());
		assert_false(got.answer);
	}
}

static void what_is_no_record_is_none(void **state)
{
	struct nlmsghdr *m = (void *)record.bytes;
	uint16_t length = 3;

	(void)state;
	ipv4_header(&packet, 5, 0, IPPROTO_TCP);
	udp_header(&packet, 1, 2, 0);
	assert_true(read_whole(AF_INET));
	m->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
	assert_false(read_record());
	m->nlmsg_type = NLMSG_DONE;
	assert_false(read_record());
	/* Of another family than it says; of none. */
	assert_false(read_whole(AF_INET6));
	assert_false(read_whole(AF_BRIDGE));
	/* A header that is shorter than a header. */
	packet.bytes[0] = 0x44;
	assert_false(read_whole(AF_INET));
	/* No packet, no hook. */
	record_begin(&record, AF_INET, NF_INET_LOCAL_OUT, "netpale ");
	assert_false(read_record());
	/* An attribute that is longer than the message, or shorter than itself. */
	packet.bytes[0] = 0x45;
	assert_true(read_whole(AF_INET));
	memcpy(record.bytes + 20, &length, sizeof(length));
	assert_false(read_record());
	length = 400;
	memcpy(record.bytes + 20, &length, sizeof(length));
	assert_false(read_record());
	/* Not even an nfnetlink message. */
	for (record.length = 16; record.length < 20; record.length++) {
		m->nlmsg_len = (uint32_t)record.length;
		assert_false(read_record());
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connect_of_ipv4_is_read),
		cmocka_unit_test(options_of_ipv4_are_passed_over),
		cmocka_unit_test(every_protocol_with_ports_has_them),
		cmocka_unit_test(later_fragments_have_no_ports),
		cmocka_unit_test(extension_headers_of_ipv6_are_passed_over),
		cmocka_unit_test(a_walk_over_extension_headers_ends),
		cmocka_unit_test(a_packet_may_be_cut_anywhere),
		cmocka_unit_test(what_udp_carries_ends_with_it),
		cmocka_unit_test(hooks_and_who_sent_it),
		cmocka_unit_test(an_answer_is_known_by_its_prefix),
		cmocka_unit_test(what_is_no_record_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
