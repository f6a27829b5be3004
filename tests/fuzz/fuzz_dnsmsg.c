#include <ares.h>
#include <string.h>

#include "lib/dnsmsg.h"
#include "tests/fuzz/fuzz.h"

/* DNS from both sides. The first byte says what the rest is: a client's query, which is
 * answered in every way; an upstream's reply, whose addresses are told but for some, or its records; a
 * client's stream, which comes in pieces. */

#define BE16(at) ((unsigned)((at)[0] << 8 | (at)[1]))

static uint8_t out[DNSMSG_BYTES];

/* What is written is a reply to that question, within the limit. */
static ares_dns_record_t *check_reply(const struct dnsmsg_question *question,
				      const struct dnsmsg_reply *reply, size_t limit)
{
	size_t length = dnsmsg_write(question, reply, out, limit);
	ares_dns_record_t *record = NULL;
	ares_dns_rec_type_t type;
	ares_dns_class_t class;
	const char *name;

	PROMISE(length >= 12 && length <= limit);
	PROMISE(BE16(out) == question->id);
	PROMISE((out[2] & 0x80) && (out[3] & 0x80) && !(out[2] & 0x04));
	PROMISE((out[2] & 0x01) == question->recursion);
	PROMISE((out[3] & 0x0f) == reply->rcode);
	PROMISE(BE16(out + 4) == (question->type != 0));
	PROMISE(BE16(out + 8) == 0);
	PROMISE(BE16(out + 10) == question->edns);
	if (question->type == 0)
		return NULL;
	PROMISE(ares_dns_parse(out, length, 0, &record) == ARES_SUCCESS);
	PROMISE(ares_dns_record_query_get(record, 0, &name, &type, &class) ==
		ARES_SUCCESS);
	PROMISE(strcmp(name, question->text) == 0);
	PROMISE(type == question->type && class == ARES_CLASS_IN);
	if (out[2] & 0x02)
		PROMISE(BE16(out + 6) == 0);
	return record;
}

static void check_question(const struct dnsmsg_question *question, const uint8_t *bytes)
{
	char host[HOST_TEXT];
	struct error err;

	PROMISE(question->udp_size >= DNSMSG_UDP_MIN);
	PROMISE(question->udp_size <= DNSMSG_UDP_MAX);
	PROMISE(strlen(question->text) < sizeof(question->text));
	PROMISE(question->id == BE16(bytes));
	if (!question->host[0])
		return;
	PROMISE(host_normalise(question->host, strlen(question->host), host, &err) == 0);
	PROMISE(strcmp(host, question->host) == 0);
	PROMISE(strcasecmp(host, question->text) == 0);
}

static void fuzz_query(const uint8_t *bytes, size_t length)
{
	const struct addr addrs[] = { { .family = FAMILY_4, .value = 1 },
				      { .family = FAMILY_6, .value = 2 } };
	struct dnsmsg_question question, again;
	struct dnsmsg_reply reply = { .ede = DNSMSG_EDE_BLOCKED,
				      .ede_text = "refused",
				      .pointer = "a.example",
				      .addrs = addrs,
				      .count = 2,
				      .ttl = 60 };
	int rcode = 0;
	enum dnsmsg_read read = dnsmsg_read(bytes, length, &question, &rcode);

	if (read == DNSMSG_NOTHING)
		return;
	check_question(&question, bytes);
	PROMISE((read == DNSMSG_QUESTION) == (question.type != 0));
	PROMISE((read == DNSMSG_QUESTION) == (rcode == 0));
	reply.rcode = (enum dnsmsg_rcode)rcode;
	ares_dns_record_destroy(check_reply(&question, &reply, DNSMSG_UDP_MIN));
	reply.rcode = DNSMSG_NXDOMAIN;
	ares_dns_record_destroy(check_reply(&question, &reply, DNSMSG_UDP_MIN));
	if (read != DNSMSG_QUESTION || question.edns)
		return;
	/* A reply without answers is no question, but for one bit. */
	length = dnsmsg_write(&question, &reply, out, DNSMSG_UDP_MIN);
	PROMISE(dnsmsg_read(out, length, &again, &rcode) == DNSMSG_NOTHING);
	out[2] &= 0x7f;
	PROMISE(dnsmsg_read(out, length, &again, &rcode) == DNSMSG_QUESTION);
	PROMISE(strcmp(again.text, question.text) == 0);
	PROMISE(strcmp(again.host, question.host) == 0);
}

static size_t addresses_of(const ares_dns_record_t *record, struct addr *addrs,
			   size_t room)
{
	uint32_t ttl;
	int rcode;

	return dnsmsg_addresses(record, addrs, room, &ttl, &rcode);
}

/* All addresses of a reply, wherever they lead from, are these. */
static void check_told(const ares_dns_record_t *told, const struct addr *addrs,
		       size_t count)
{
	static struct addr got[DNSMSG_BYTES / 16];
	size_t records = ares_dns_record_rr_cnt(told, ARES_SECTION_ANSWER), addresses = 0;

	for (size_t i = 0; i < records; i++) {
		const ares_dns_rr_t *record =
			ares_dns_record_rr_get_const(told, ARES_SECTION_ANSWER, i);

		PROMISE(ares_dns_rr_get_ttl(record) == 60);
		addresses += ares_dns_rr_get_type(record) != ARES_REC_TYPE_CNAME;
	}
	PROMISE(addresses == count || (addresses == 0 && records == 0));
	/* And they are reached from the question. */
	PROMISE(addresses_of(told, got, ARRAY_SIZE(got)) == addresses);
	for (size_t i = 0; i < addresses; i++)
		PROMISE(addr_compare(&got[i], &addrs[i]) == 0);
}

/* The records of a reply, told. What is told says the same once more. */
static void check_records(const ares_dns_record_t *upstream, const char *name,
			  ares_dns_rec_type_t type)
{
	static const size_t limits[] = { 512, 1232, DNSMSG_BYTES };
	static uint8_t first[DNSMSG_BYTES];
	struct dnsmsg_question question = { .id = 7, .type = (uint16_t)type };
	struct dnsmsg_reply reply = { .ede = DNSMSG_EDE_NONE, .upstream = upstream };
	size_t length, count;
	int rcode;

	count = dnsmsg_records(upstream, &reply.ttl, &rcode);
	PROMISE(count <= ares_dns_record_rr_cnt(upstream, ARES_SECTION_ANSWER));
	if (count == 0 || type == ARES_REC_TYPE_A || type == ARES_REC_TYPE_AAAA)
		return;
	PROMISE(type == ARES_REC_TYPE_MX || type == ARES_REC_TYPE_SRV ||
		type == ARES_REC_TYPE_TXT);
	strcpy(question.text, name);
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		ares_dns_record_t *told = check_reply(&question, &reply, limits[i]);
		uint32_t ttl;

		PROMISE(told);
		if (!(out[2] & 0x02)) {
			PROMISE(dnsmsg_records(told, &ttl, &rcode) == count);
			PROMISE(ttl == reply.ttl);
			PROMISE(BE16(out + 6) <= count + 16);
			length = dnsmsg_write(&question, &reply, first, limits[i]);
			reply.upstream = told;
			PROMISE(dnsmsg_write(&question, &reply, out, limits[i]) ==
				length);
			PROMISE(memcmp(first, out, length) == 0);
			reply.upstream = upstream;
		}
		ares_dns_record_destroy(told);
	}
}

/* As bytes that somebody else got: a host name with some addresses of the answers, or nothing. */
static void check_answer(const uint8_t *bytes, size_t length)
{
	static struct addr addrs[256];
	char told[HOST_TEXT], host[HOST_TEXT];
	size_t count = dnsmsg_answer(bytes, length, told, addrs, ARRAY_SIZE(addrs));
	struct error err;

	PROMISE(count <= ARRAY_SIZE(addrs) && count * 14 <= length);
	if (count == 0)
		return;
	PROMISE((bytes[2] & 0x80) && (bytes[3] & 15) == 0);
	PROMISE(host_normalise(told, strlen(told), host, &err) == 0);
	PROMISE(strcmp(told, host) == 0);
	for (size_t i = 0; i < count; i++)
		PROMISE(addrs[i].family == addrs[0].family);
}

/* What was written is written again, with another TTL, as if it were for the first time. */
static void check_kept(const struct dnsmsg_question *question,
		       const struct dnsmsg_reply *reply, size_t limit)
{
	static uint8_t first[DNSMSG_BYTES], bytes[DNSMSG_BYTES];
	struct dnsmsg_reply again = *reply;
	size_t length = dnsmsg_write(question, &again, first, limit);
	struct dnsmsg_kept kept = dnsmsg_keep(question, first, length);

	PROMISE(kept.count == BE16(first + 6) && kept.length < length);
	if (kept.count == 0)
		return;
	memcpy(bytes, kept.bytes, kept.length);
	kept.bytes = bytes;
	again.ttl = 7;
	length = dnsmsg_write(question, &again, first, limit);
	again.kept = &kept;
	PROMISE(dnsmsg_write(question, &again, out, limit) == length);
	PROMISE(memcmp(first, out, length) == 0);
}

static void fuzz_upstream(const uint8_t *bytes, size_t length)
{
	static struct addr addrs[256];
	struct dnsmsg_question question = { .id = 7, .recursion = true };
	struct dnsmsg_reply reply = { .ede = DNSMSG_EDE_NONE, .ttl = 60 };
	ares_dns_record_t *upstream = NULL, *told;
	ares_dns_rec_type_t type;
	const char *name;

	check_answer(bytes, length);
	if (ares_dns_parse(bytes, length, 0, &upstream) != ARES_SUCCESS)
		return;
	reply.count = addresses_of(upstream, addrs, ARRAY_SIZE(addrs));
	PROMISE(reply.count <= ares_dns_record_rr_cnt(upstream, ARES_SECTION_ANSWER));
	PROMISE(ares_dns_record_query_get(upstream, 0, &name, &type, NULL) ==
		ARES_SUCCESS);
	if (reply.count)
		PROMISE(strlen(name) <= HOST_MAX);
	check_records(upstream, name, type);
	/* Half of them are admitted. */
	reply.count = (reply.count + 1) / 2;
	reply.addrs = addrs;
	reply.upstream = upstream;
	question.type = (uint16_t)type;
	if (reply.count) {
		strcpy(question.text, name);
		for (size_t i = 0; i < 3; i++) {
			static const size_t limits[] = { 512, 1232, DNSMSG_BYTES };

			question.edns = i == 1;
			told = check_reply(&question, &reply, limits[i]);
			PROMISE(told);
			check_told(told, addrs, reply.count);
			ares_dns_record_destroy(told);
			check_kept(&question, &reply, limits[i]);
		}
		PROMISE(BE16(out + 6) >= reply.count);
	}
	ares_dns_record_destroy(upstream);
}

/* The first byte of all is how much comes at a time. */
static void fuzz_stream(const uint8_t *bytes, size_t length)
{
	static uint8_t message[DNSMSG_QUERY_BYTES];
	struct dnsmsg_stream stream = { 0 };
	size_t chunk = length ? (size_t)bytes[0] * 32 + 1 : 1, at = 1, seen = 1;

	while (at < length) {
		size_t room, got;
		uint8_t *to = dnsmsg_stream_room(&stream, &room);
		enum dnsmsg_step step;

		PROMISE(room > 0);
		got = room < chunk ? room : chunk;
		got = got < length - at ? got : length - at;
		memcpy(to, bytes + at, got);
		stream.length += got;
		at += got;
		while ((step = dnsmsg_stream_next(&stream, message, &got)) ==
		       DNSMSG_MESSAGE) {
			PROMISE(got > 0 && got <= sizeof(message));
			PROMISE(BE16(bytes + seen) == got);
			PROMISE(memcmp(bytes + seen + 2, message, got) == 0);
			seen += 2 + got;
			PROMISE(seen <= at);
		}
		if (step == DNSMSG_BROKEN) {
			PROMISE(BE16(bytes + seen) == 0 || BE16(bytes + seen) > 4096);
			return;
		}
		PROMISE(at - seen == stream.length);
		PROMISE(at - seen < 2 || at - seen < 2 + BE16(bytes + seen));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	if (length == 0)
		return 0;
	if (bytes[0] % 3 == 0)
		fuzz_query(bytes + 1, length - 1);
	else if (bytes[0] % 3 == 1)
		fuzz_upstream(bytes + 1, length - 1);
	else
		fuzz_stream(bytes + 1, length - 1);
	return 0;
}
