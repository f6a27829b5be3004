#include "lib/message.h"

#include <assert.h>
#include <string.h>

/* On the wire: the type in one byte, then the fields that a message of this type has, in
 * the order of this list, numbers with the most significant byte first. There is one
 * spelling of each message. */
enum field {
	NUMBER = 1 << 0,
	QTYPE = 1 << 1,
	CLIENT = 1 << 2, /* 1 for TCP, else 0, in one byte; its port */
	VERDICT = 1 << 3,
	TTL = 1 << 4,
	KEEP = 1 << 5,
	HOST = 1 << 6, /* length in one byte, text */
	ADDRS = 1
		<< 7, /* count in two bytes; each the family in one byte, 4 or 16 bytes */
	FAILED = 1 << 8,
	COUNTERS = 1 << 9,
};

static const struct shape {
	const char *name;
	unsigned fields;
} shapes[] = {
	[MESSAGE_SERVE] = { "SERVE", ADDRS },
	[MESSAGE_READY] = { "READY", 0 },
	[MESSAGE_ASK] = { "ASK", NUMBER | QTYPE | CLIENT | HOST },
	[MESSAGE_VERDICT] = { "VERDICT", NUMBER | VERDICT | HOST },
	[MESSAGE_LEARN] = { "LEARN", NUMBER | QTYPE | TTL | HOST | ADDRS },
	[MESSAGE_LEARNED] = { "LEARNED", NUMBER | TTL | KEEP | ADDRS | FAILED },
	[MESSAGE_PING] = { "PING", 0 },
	[MESSAGE_ALIVE] = { "ALIVE", COUNTERS },
	[MESSAGE_FORGET] = { "FORGET", 0 },
};

static_assert(1 + 4 + 2 + 1 + 4 + 4 + 1 + HOST_MAX + 2 + MESSAGE_ADDRS * (1 + 16) + 1 <=
		      MESSAGE_BYTES,
	      "the longest message fits");

static bool has(const struct message *message, enum field field)
{
	/* Of the verdicts only one says a name. */
	if (field == HOST && message->type == MESSAGE_VERDICT)
		return message->verdict == VERDICT_POINTER;
	return shapes[message->type].fields & field;
}

static size_t room_for_addrs(enum message_type type)
{
	return type == MESSAGE_SERVE ? MESSAGE_UPSTREAMS : MESSAGE_ADDRS;
}

const char *message_name(enum message_type type)
{
	return type >= MESSAGE_SERVE && type < ARRAY_SIZE(shapes) ? shapes[type].name
								  : "message";
}

/* Encoding: each returns where the next field goes. */

static uint8_t *put(uint8_t *at, size_t length, uint64_t value)
{
	for (size_t i = 0; i < length; i++)
		at[i] = (uint8_t)(value >> 8 * (length - 1 - i));
	return at + length;
}

static uint8_t *put_host(uint8_t *at, const char *host)
{
	size_t length = strlen(host);

	at = put(at, 1, length);
	memcpy(at, host, length);
	return at + length;
}

static uint8_t *put_addrs(uint8_t *at, const struct message *message)
{
	at = put(at, 2, message->count);
	for (size_t i = 0; i < message->count; i++) {
		const struct addr *addr = &message->addrs[i];

		at = put(at, 1, addr->family);
		if (addr->family == FAMILY_6)
			at = put(at, 8, (uint64_t)(addr->value >> 64));
		at = put(at, addr->family == FAMILY_6 ? 8 : 4, (uint64_t)addr->value);
	}
	return at;
}

static uint8_t *put_counters(uint8_t *at, const struct message_counters *counters)
{
	at = put(at, 8, counters->questions);
	at = put(at, 8, counters->answered);
	at = put(at, 8, counters->refused);
	at = put(at, 8, counters->failed);
	at = put(at, 8, counters->malformed);
	return put(at, 8, counters->dropped);
}

size_t message_encode(const struct message *message, uint8_t out[static MESSAGE_BYTES])
{
	uint8_t *at = put(out, 1, message->type);

	if (has(message, NUMBER))
		at = put(at, 4, message->number);
	if (has(message, QTYPE))
		at = put(at, 2, message->qtype);
	if (has(message, CLIENT)) {
		at = put(at, 1, message->stream);
		at = put(at, 2, message->port);
	}
	if (has(message, VERDICT))
		at = put(at, 1, message->verdict);
	if (has(message, TTL))
		at = put(at, 4, message->ttl);
	if (has(message, KEEP))
		at = put(at, 4, message->keep);
	if (has(message, HOST))
		at = put_host(at, message->host);
	if (has(message, ADDRS))
		at = put_addrs(at, message);
	if (has(message, FAILED))
		at = put(at, 1, message->failed);
	if (has(message, COUNTERS))
		at = put_counters(at, &message->counters);
	return (size_t)(at - out);
}

/* Decoding: after a fault every number reads as zero; the caller asks once. */

struct reader {
	const uint8_t *at, *end;
	bool failed; /* err says why */
	struct error *err;
};

static void fail(struct reader *r, const char *fault)
{
	if (!r->failed)
		error_set(r->err, ERROR_POLICY, "%s", fault);
	r->failed = true;
}

static const uint8_t *take_bytes(struct reader *r, size_t length)
{
	const uint8_t *bytes = r->at;

	if (!r->failed && (size_t)(r->end - r->at) < length)
		fail(r, "it is cut off");
	if (r->failed)
		return NULL;
	r->at += length;
	return bytes;
}

static uint64_t take(struct reader *r, size_t length)
{
	const uint8_t *bytes = take_bytes(r, length);
	uint64_t value = 0;

	for (size_t i = 0; bytes && i < length; i++)
		value = value << 8 | bytes[i];
	return value;
}

static uint64_t take_below(struct reader *r, size_t length, uint64_t bound,
			   const char *fault)
{
	uint64_t value = take(r, length);

	if (value >= bound)
		fail(r, fault);
	return value;
}

static void take_host(struct reader *r, char host[static HOST_TEXT])
{
	size_t length = (size_t)take(r, 1);
	const char *text = (const char *)take_bytes(r, length);

	if (!text)
		return;
	if (host_normalise(text, length, host, r->err) < 0)
		r->failed = true;
	else if (memcmp(host, text, length) != 0)
		fail(r, "its host name is not normalised");
}

static struct addr take_addr(struct reader *r)
{
	struct addr addr = { .family = (enum family)take(r, 1) };

	if (addr.family == FAMILY_6) {
		addr.value = (u128)take(r, 8) << 64;
		addr.value |= take(r, 8);
	} else if (addr.family == FAMILY_4) {
		addr.value = take(r, 4);
	} else {
		fail(r, "an address is of no family");
	}
	return addr;
}

static void take_addrs(struct reader *r, struct message *message)
{
	message->count = take_below(r, 2, room_for_addrs(message->type) + 1,
				    "it has too many addresses");
	for (size_t i = 0; i < message->count && !r->failed; i++)
		message->addrs[i] = take_addr(r);
}

static void take_counters(struct reader *r, struct message_counters *counters)
{
	counters->questions = take(r, 8);
	counters->answered = take(r, 8);
	counters->refused = take(r, 8);
	counters->failed = take(r, 8);
	counters->malformed = take(r, 8);
	counters->dropped = take(r, 8);
}

static void take_fields(struct reader *r, struct message *message)
{
	if (has(message, NUMBER))
		message->number = (uint32_t)take(r, 4);
	if (has(message, QTYPE))
		message->qtype = (uint16_t)take(r, 2);
	if (has(message, CLIENT)) {
		message->stream =
			take_below(r, 1, 2, "its client is neither UDP nor TCP");
		message->port = (uint16_t)take(r, 2);
	}
	if (has(message, VERDICT))
		message->verdict = (enum message_verdict)take_below(
			r, 1, VERDICT_COUNT, "there is no such verdict");
	if (has(message, TTL))
		message->ttl = (uint32_t)take(r, 4);
	if (has(message, KEEP))
		message->keep = (uint32_t)take(r, 4);
	if (has(message, HOST))
		take_host(r, message->host);
	if (has(message, ADDRS))
		take_addrs(r, message);
	if (has(message, FAILED))
		message->failed = take_below(r, 1, 2, "a flag is neither 0 nor 1");
	if (has(message, COUNTERS))
		take_counters(r, &message->counters);
	if (r->at != r->end)
		fail(r, "more bytes follow");
}

/* Not by memset(): most of it are addresses. */
static void clear(struct message *message, enum message_type type)
{
	message->type = type;
	message->number = 0;
	message->qtype = 0;
	message->port = 0;
	message->stream = false;
	message->verdict = VERDICT_FORWARD;
	message->ttl = 0;
	message->keep = 0;
	message->host[0] = '\0';
	message->count = 0;
	message->failed = false;
	message->counters = (struct message_counters){ 0 };
}

int message_decode(const uint8_t *bytes, size_t length, struct message *ret,
		   struct error *err)
{
	struct reader r = { bytes, bytes + length, false, err };
	uint64_t type = take(&r, 1);

	if (type < MESSAGE_SERVE || type >= ARRAY_SIZE(shapes)) {
		fail(&r, "there is no such type");
		return error_wrap(err, "message");
	}
	clear(ret, (enum message_type)type);
	take_fields(&r, ret);
	return r.failed ? error_wrap(err, "%s", message_name(ret->type)) : 0;
}
