#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/message.h"

static uint8_t wire[MESSAGE_BYTES];
static struct message sent, got;
static struct error err;

static struct addr addr(const char *text)
{
	struct addr ret;

	assert_true(addr_parse(text, strlen(text), &ret));
	return ret;
}

/* One of that type with all it may have. */
static void compose(enum message_type type)
{
	sent = (struct message){ .type = type };
	if (type == MESSAGE_SERVE || type == MESSAGE_LEARN || type == MESSAGE_LEARNED) {
		sent.addrs[sent.count++] = addr("192.0.2.1");
		sent.addrs[sent.count++] = addr("2001:db8::ff00:1");
		sent.addrs[sent.count++] = addr("255.255.255.255");
	}
	if (type >= MESSAGE_ASK && type <= MESSAGE_LEARNED)
		sent.number = 0xfedcba98;
	if (type == MESSAGE_ASK || type == MESSAGE_LEARN)
		sent.qtype = 28;
	if (type == MESSAGE_ASK) {
		sent.port = 0xcafe;
		sent.stream = true;
	}
	if (type == MESSAGE_LEARN || type == MESSAGE_LEARNED)
		sent.ttl = 0x80000001;
	if (type == MESSAGE_LEARNED)
		sent.keep = 0x80000002;
	if (type == MESSAGE_VERDICT)
		sent.verdict = VERDICT_POINTER;
	if (type >= MESSAGE_ASK && type <= MESSAGE_LEARN)
		strcpy(sent.host, "api.example.com");
	sent.failed = type == MESSAGE_LEARNED;
	if (type == MESSAGE_ALIVE)
		sent.counters =
			(struct message_counters){ 1, 1ull << 40, 3, UINT64_MAX, 5, 6 };
}

static void assert_same(const struct message *a, const struct message *b)
{
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->number, b->number);
	assert_int_equal(a->qtype, b->qtype);
	assert_int_equal(a->port, b->port);
	assert_int_equal(a->stream, b->stream);
	assert_int_equal(a->verdict, b->verdict);
	assert_int_equal(a->ttl, b->ttl);
	assert_int_equal(a->keep, b->keep);
	assert_string_equal(a->host, b->host);
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		assert_int_equal(addr_compare(&a->addrs[i], &b->addrs[i]), 0);
	assert_int_equal(a->failed, b->failed);
	assert_memory_equal(&a->counters, &b->counters, sizeof(a->counters));
}

static void passes(void)
{
	size_t length = message_encode(&sent, wire);

	memset(&got, 0xa5, sizeof(got));
	if (message_decode(wire, length, &got, &err) < 0)
		fail_msg("%s", err.text);
	assert_same(&sent, &got);
}

/* Bytes on the heap, so that the sanitizer sees a read behind their end. */
static void refuses(const void *bytes, size_t length, const char *fault)
{
	uint8_t *copy = malloc(length ? length : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	err = (struct error){ 0 };
	assert_int_equal(message_decode(copy, length, &got, &err), -1);
	free(copy);
	assert_int_equal(err.kind, ERROR_POLICY);
	if (fault)
		assert_string_equal(err.text, fault);
}

#define REFUSES(bytes, fault) refuses(bytes, sizeof(bytes) - 1, fault)

static void every_type_comes_through(void **state)
{
	(void)state;
	for (enum message_type type = MESSAGE_SERVE; type <= MESSAGE_FORGET; type++) {
		compose(type);
		passes();
	}
	for (unsigned verdict = 0; verdict < VERDICT_POINTER; verdict++) {
		compose(MESSAGE_VERDICT);
		sent.verdict = (enum message_verdict)verdict;
		sent.host[0] = '\0';
		passes();
	}
	compose(MESSAGE_VERDICT);
	sent.verdict = VERDICT_DENIED;
	sent.host[0] = '\0';
	passes();
}

/* What the other end of another build would have to understand. */
static void bytes_are_these(void **state)
{
	static const uint8_t ask[] = "\x03\x00\x00\x00\x07\x00\x1c\x01\x80\x01\x04"
				     "a.bc";
	static const uint8_t learn[] = "\x05\x00\x00\x00\x07\x00\x01\x00\x00\x01\x2c\x01"
				       "a\x00\x02\x04\xc0\x00\x02\x01"
				       "\x06\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01";

	(void)state;
	sent = (struct message){ .type = MESSAGE_ASK,
				 .number = 7,
				 .qtype = 28,
				 .port = 0x8001,
				 .stream = true,
				 .host = "a.bc" };
	assert_int_equal(message_encode(&sent, wire), sizeof(ask) - 1);
	assert_memory_equal(wire, ask, sizeof(ask) - 1);
	sent = (struct message){ .type = MESSAGE_LEARN,
				 .number = 7,
				 .qtype = 1,
				 .ttl = 300,
				 .host = "a",
				 .addrs = { addr("192.0.2.1"), addr("2001:db8::1") },
				 .count = 2 };
	assert_int_equal(message_encode(&sent, wire), sizeof(learn) - 1);
	assert_memory_equal(wire, learn, sizeof(learn) - 1);
}

static void a_field_of_another_type_does_not_travel(void **state)
{
	(void)state;
	compose(MESSAGE_LEARN);
	sent.type = MESSAGE_PING;
	assert_int_equal(message_encode(&sent, wire), 1);
	memset(&got, 0xa5, sizeof(got));
	assert_int_equal(message_decode(wire, 1, &got, &err), 0);
	sent = (struct message){ .type = MESSAGE_PING };
	assert_same(&sent, &got);
	compose(MESSAGE_VERDICT);
	sent.verdict = VERDICT_REFUSED;
	assert_int_equal(message_encode(&sent, wire), 6);
}

static void a_part_of_one_is_none(void **state)
{
	uint8_t longer[MESSAGE_BYTES + 1];

	(void)state;
	for (enum message_type type = MESSAGE_SERVE; type <= MESSAGE_FORGET; type++) {
		size_t length;

		compose(type);
		length = message_encode(&sent, wire);
		for (size_t cut = 0; cut < length; cut++)
			refuses(wire, cut, NULL);
		memcpy(longer, wire, length);
		longer[length] = 0;
		refuses(longer, length + 1, NULL);
	}
	REFUSES("\x07\x00", "PING: more bytes follow");
	REFUSES("\x03\x00\x00\x00\x07\x00\x1c\0\0\x35\x04"
		"a.b",
		"ASK: it is cut off");
}

static void what_is_out_of_range_is_refused(void **state)
{
	(void)state;
	refuses("", 0, "message: it is cut off");
	REFUSES("\x00", "message: there is no such type");
	REFUSES("\x0a", "message: there is no such type");
	REFUSES("\xff", "message: there is no such type");
	REFUSES("\x04\0\0\0\x01\x06", "VERDICT: there is no such verdict");
	REFUSES("\x04\0\0\0\x01\xff", "VERDICT: there is no such verdict");
	REFUSES("\x06\0\0\0\x01\0\0\0\x3c\0\0\0\x3c\0\0\x02",
		"LEARNED: a flag is neither 0 nor 1");
	REFUSES("\x03\0\0\0\x07\0\x01\x02\0\x35\x01"
		"a",
		"ASK: its client is neither UDP nor TCP");
	REFUSES("\x01\0\x01\x05\xc0\0\x02\x01", "SERVE: an address is of no family");
	REFUSES("\x01\0\x01\x00\xc0\0\x02\x01", "SERVE: an address is of no family");
}

static void one_verdict_alone_says_a_name(void **state)
{
	(void)state;
	REFUSES("\x04\0\0\0\x01\x00\x01"
		"a",
		"VERDICT: more bytes follow");
	REFUSES("\x04\0\0\0\x01\x00\x00", "VERDICT: more bytes follow");
	REFUSES("\x04\0\0\0\x01\x04", "VERDICT: it is cut off");
	REFUSES("\x04\0\0\0\x01\x04\x00",
		"VERDICT: '' is not a host name: its length is not in 1-253");
}

static void counts_have_bounds(void **state)
{
	(void)state;
	sent = (struct message){ .type = MESSAGE_SERVE, .count = MESSAGE_UPSTREAMS };
	for (size_t i = 0; i < MESSAGE_ADDRS; i++)
		sent.addrs[i] = addr("2001:db8::1");
	passes();
	sent.count++;
	refuses(wire, message_encode(&sent, wire), "SERVE: it has too many addresses");

	sent.type = MESSAGE_LEARNED;
	sent.count = MESSAGE_ADDRS;
	passes();
	/* One more, which the struct cannot hold: the count, and bytes for it. */
	memset(wire + message_encode(&sent, wire), 4, 5);
	wire[13] = (MESSAGE_ADDRS + 1) >> 8;
	wire[14] = (MESSAGE_ADDRS + 1) & 0xff;
	refuses(wire, MESSAGE_BYTES, "LEARNED: it has too many addresses");
}

static void the_longest_fits(void **state)
{
	(void)state;
	compose(MESSAGE_LEARN);
	sent.count = MESSAGE_ADDRS;
	for (size_t i = 0; i < MESSAGE_ADDRS; i++) {
		sent.addrs[i] = addr("2001:db8::");
		sent.addrs[i].value += i;
	}
	memset(sent.host, 'a', HOST_MAX);
	for (size_t i = 63; i < HOST_MAX; i += 64)
		sent.host[i] = '.';
	sent.host[HOST_MAX] = '\0';
	passes();
	assert_true(message_encode(&sent, wire) <= MESSAGE_BYTES);
}

static void a_host_comes_normalised_or_not_at_all(void **state)
{
	static const char *const hosts[] = {
		"",    "A.example",  "a.example.", "a..b",
		"a b", "a\\.b",      "1.2.3.4",    "-a",
		".",   "*.example.", "b\xc3\xbc",  "a\x1b[0m"
	};
	uint8_t bytes[300] = "\x03\0\0\0\x07\0\x01\0\0\x35";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		size_t length = strlen(hosts[i]);

		bytes[10] = (uint8_t)length;
		memcpy(bytes + 11, hosts[i], length);
		refuses(bytes, 11 + length, NULL);
	}
	REFUSES("\x03\0\0\0\x07\0\x01\0\0\x35\x03"
		"A.b",
		"ASK: its host name is not normalised");
	REFUSES("\x03\0\0\0\x07\0\x01\0\0\x35\x03"
		"a\0b",
		NULL);
	/* 254 and 255 bytes. */
	for (unsigned length = HOST_MAX + 1; length <= 255; length++) {
		bytes[10] = (uint8_t)length;
		memset(bytes + 11, 'a', length);
		for (size_t i = 63; i < length; i += 64)
			bytes[11 + i] = '.';
		refuses(bytes, 11 + length, NULL);
	}
	/* What is quoted is made safe. */
	REFUSES("\x03\0\0\0\x07\0\x01\0\0\x35\x02\x1b[",
		"ASK: '\\x1b[' is not a host name: "
		"only letters, digits, hyphens and dots may stand in it");
}

static void types_have_names(void **state)
{
	(void)state;
	assert_string_equal(message_name(MESSAGE_SERVE), "SERVE");
	assert_string_equal(message_name(MESSAGE_READY), "READY");
	assert_string_equal(message_name(MESSAGE_ASK), "ASK");
	assert_string_equal(message_name(MESSAGE_VERDICT), "VERDICT");
	assert_string_equal(message_name(MESSAGE_LEARN), "LEARN");
	assert_string_equal(message_name(MESSAGE_LEARNED), "LEARNED");
	assert_string_equal(message_name(MESSAGE_PING), "PING");
	assert_string_equal(message_name(MESSAGE_ALIVE), "ALIVE");
	assert_string_equal(message_name((enum message_type)0), "message");
	assert_string_equal(message_name((enum message_type)77), "message");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_comes_through),
		cmocka_unit_test(bytes_are_these),
		cmocka_unit_test(a_field_of_another_type_does_not_travel),
		cmocka_unit_test(a_part_of_one_is_none),
		cmocka_unit_test(what_is_out_of_range_is_refused),
		cmocka_unit_test(one_verdict_alone_says_a_name),
		cmocka_unit_test(counts_have_bounds),
		cmocka_unit_test(the_longest_fits),
		cmocka_unit_test(a_host_comes_normalised_or_not_at_all),
		cmocka_unit_test(types_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
