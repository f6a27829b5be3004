#include "lib/dnsmsg.h"

#include <assert.h>
#include <ares.h>
#include <string.h>

#include "lib/dnsmsg_internal.h"
#include "lib/dnsname.h"
#include "lib/reply.h"

/* Writing: by hand, because c-ares' writer refuses a question that is no host name, and
 * to echo that is just what NXDOMAIN is for. Whether all of it fitted is asked once. */

#define OPT_BYTES 11 /* without options */
#define EDE_OPTION 15
/* So that a reply without answers always fits. */
#define EDE_TEXT_MAX 200

static_assert(HEADER_BYTES + DNSNAME_MAX + 4 + OPT_BYTES + 6 + EDE_TEXT_MAX <=
		      DNSMSG_UDP_MIN,
	      "a reply without answers fits");

#define BE16(value) (uint8_t)((value) >> 8), (uint8_t)(value)

struct writer {
	uint8_t *out;
	size_t at, limit;
	bool full;
};

static void put(struct writer *w, const void *bytes, size_t length)
{
	w->full |= w->limit - w->at < length;
	if (w->full)
		return;
	memcpy(w->out + w->at, bytes, length);
	w->at += length;
}

static void put_name(struct writer *w, const char *text)
{
	uint8_t wire[DNSNAME_MAX];
	size_t length = dnsname_wire(text, wire);

	w->full |= length == 0;
	put(w, wire, length);
}

static void put_header(struct writer *w, const struct dnsmsg_question *question,
		       unsigned flags, size_t answers)
{
	uint8_t bytes[HEADER_BYTES] = {
		BE16(question->id),  BE16(flags), BE16(question->type != 0),
		BE16(answers),       0,           0,
		BE16(question->edns)
	};

	put(w, bytes, sizeof(bytes));
}

static void put_question(struct writer *w, const struct dnsmsg_question *question)
{
	uint8_t bytes[] = { BE16(question->type), BE16(CLASS_IN) };

	put_name(w, question->text);
	put(w, bytes, sizeof(bytes));
}

/* A record as we write it, before its data: its owner is a pointer. */
#define RECORD_TTL 6
#define RECORD_BYTES 12

/* The owner is a name that stands at `owner` in the message. */
static void put_record(struct writer *w, size_t owner, unsigned type, uint32_t ttl,
		       const uint8_t *data, size_t length)
{
	uint8_t bytes[] = { BE16(0xc000 | owner), BE16(type), BE16(CLASS_IN),
			    BE16(ttl >> 16),      BE16(ttl),  BE16(length) };

	put(w, bytes, sizeof(bytes));
	put(w, data, length);
}

/* Returns where the name in it stands. */
static size_t put_name_record(struct writer *w, size_t owner, unsigned type, uint32_t ttl,
			      const char *name)
{
	uint8_t wire[DNSNAME_MAX];
	size_t length = dnsname_wire(name, wire);

	w->full |= length == 0;
	put_record(w, owner, type, ttl, wire, length);
	return w->at - length;
}

/* Each is the owner of the next; *owner becomes that of the addresses. */
static size_t put_aliases(struct writer *w, const struct dnsmsg_reply *reply,
			  size_t *owner)
{
	struct reply_way way;

	if (!reply->upstream || !reply_way(reply->upstream, &way))
		return 0;
	for (size_t i = 1; i <= way.aliases; i++)
		*owner = put_name_record(w, *owner, ARES_REC_TYPE_CNAME, reply->ttl,
					 way.names[i]);
	return way.aliases;
}

static size_t put_addrs(struct writer *w, uint16_t type, const struct dnsmsg_reply *reply)
{
	enum family family = type == DNSMSG_TYPE_A ? FAMILY_4 : FAMILY_6;
	size_t owner = HEADER_BYTES, records = 0;
	uint8_t bytes[16];

	for (size_t i = 0; i < reply->count && !w->full; i++) {
		if (reply->addrs[i].family != family)
			continue;
		if (records == 0)
			records = put_aliases(w, reply, &owner);
		addr_to_bytes(&reply->addrs[i], bytes);
		put_record(w, owner, type, reply->ttl, bytes, addr_bits(family) / 8);
		records++;
	}
	return records;
}

static void put_number(struct writer *w, const ares_dns_rr_t *record,
		       ares_dns_rr_key_t key)
{
	unsigned value = ares_dns_rr_get_u16(record, key);
	uint8_t bytes[] = { BE16(value) };

	put(w, bytes, sizeof(bytes));
}

static void put_texts(struct writer *w, const ares_dns_rr_t *record)
{
	size_t count = ares_dns_rr_get_abin_cnt(record, ARES_RR_TXT_DATA), length;

	for (size_t i = 0; i < count; i++) {
		const uint8_t *text =
			ares_dns_rr_get_abin(record, ARES_RR_TXT_DATA, i, &length);
		uint8_t byte = (uint8_t)length; /* as it was read */

		put(w, &byte, 1);
		put(w, text, length);
	}
}

static void put_data(struct writer *w, uint16_t type, const ares_dns_rr_t *record)
{
	if (type == DNSMSG_TYPE_TXT) {
		put_texts(w, record);
	} else if (type == DNSMSG_TYPE_MX) {
		put_number(w, record, ARES_RR_MX_PREFERENCE);
		put_name(w, ares_dns_rr_get_str(record, ARES_RR_MX_EXCHANGE));
	} else {
		put_number(w, record, ARES_RR_SRV_PRIORITY);
		put_number(w, record, ARES_RR_SRV_WEIGHT);
		put_number(w, record, ARES_RR_SRV_PORT);
		put_name(w, ares_dns_rr_get_str(record, ARES_RR_SRV_TARGET));
	}
}

/* How long the data are is known behind them. */
static void put_copy(struct writer *w, size_t owner, uint16_t type, uint32_t ttl,
		     const ares_dns_rr_t *record)
{
	size_t start;

	put_record(w, owner, type, ttl, (const uint8_t *)"", 0);
	start = w->at;
	put_data(w, type, record);
	if (w->full)
		return;
	w->out[start - 2] = (uint8_t)((w->at - start) >> 8);
	w->out[start - 1] = (uint8_t)(w->at - start);
}

static size_t put_copies(struct writer *w, uint16_t type,
			 const struct dnsmsg_reply *reply)
{
	size_t owner = HEADER_BYTES, records, count;
	struct reply_way way;

	if (!reply->upstream || !reply_way(reply->upstream, &way) || way.type != type)
		return 0;
	records = put_aliases(w, reply, &owner);
	count = ares_dns_record_rr_cnt(reply->upstream, ARES_SECTION_ANSWER);
	for (size_t i = 0; i < count && !w->full; i++) {
		const ares_dns_rr_t *record =
			reply_record(reply->upstream, &way, i, &way.ttl);

		if (!record)
			continue;
		put_copy(w, owner, type, reply->ttl, record);
		records++;
	}
	return records;
}

/* As they stood behind the same name, so that what points into it still does. */
static size_t put_kept(struct writer *w, const struct dnsmsg_reply *reply)
{
	uint8_t ttl[] = { BE16(reply->ttl >> 16), BE16(reply->ttl) };
	size_t at = w->at;

	put(w, reply->kept->bytes, reply->kept->length);
	while (!w->full && at < w->at) {
		memcpy(w->out + at + RECORD_TTL, ttl, sizeof(ttl));
		at += RECORD_BYTES + get16(w->out + at + RECORD_BYTES - 2);
	}
	return reply->kept->count;
}

static size_t put_answers(struct writer *w, const struct dnsmsg_question *question,
			  const struct dnsmsg_reply *reply)
{
	if (reply->rcode != DNSMSG_NOERROR)
		return 0;
	if (reply->kept)
		return put_kept(w, reply);
	if (question->type == DNSMSG_TYPE_A || question->type == DNSMSG_TYPE_AAAA)
		return put_addrs(w, question->type, reply);
	if (question->type != DNSMSG_TYPE_PTR)
		return put_copies(w, question->type, reply);
	if (!reply->pointer)
		return 0;
	put_name_record(w, HEADER_BYTES, DNSMSG_TYPE_PTR, reply->ttl, reply->pointer);
	return 1;
}

static void put_opt(struct writer *w, const struct dnsmsg_reply *reply)
{
	const char *text = reply->ede_text ? reply->ede_text : "";
	size_t said = strnlen(text, EDE_TEXT_MAX);
	size_t length = reply->ede == DNSMSG_EDE_NONE ? 0 : 6 + said;
	uint8_t bytes[] = {
		0, BE16(ARES_REC_TYPE_OPT), BE16(DNSMSG_UDP_MAX), 0, 0, 0, 0, BE16(length)
	};
	uint8_t ede[] = { BE16(EDE_OPTION), BE16(2 + said), BE16((unsigned)reply->ede) };

	put(w, bytes, sizeof(bytes));
	if (length == 0)
		return;
	put(w, ede, sizeof(ede));
	put(w, text, said);
}

static size_t compose(struct writer w, const struct dnsmsg_question *question,
		      const struct dnsmsg_reply *reply, bool truncated)
{
	unsigned flags = BIT_QR | BIT_RA | (unsigned)question->opcode << 11 |
			 (question->recursion ? BIT_RD : 0) | (truncated ? BIT_TC : 0) |
			 (unsigned)reply->rcode;
	struct writer start = w;
	size_t answers = 0;

	put_header(&w, question, flags, 0);
	if (question->type != 0)
		put_question(&w, question);
	if (!truncated)
		answers = put_answers(&w, question, reply);
	if (question->edns)
		put_opt(&w, reply);
	put_header(&start, question, flags, answers);
	return w.full ? 0 : w.at;
}

size_t dnsmsg_write(const struct dnsmsg_question *question,
		    const struct dnsmsg_reply *reply, uint8_t *out, size_t limit)
{
	struct writer w = { out, 0, limit < DNSMSG_BYTES ? limit : DNSMSG_BYTES, false };
	size_t length = compose(w, question, reply, false);

	return length ? length : compose(w, question, reply, true);
}

struct dnsmsg_kept dnsmsg_keep(const struct dnsmsg_question *question,
			       const uint8_t *written, size_t length)
{
	uint8_t wire[DNSNAME_MAX];
	size_t start = HEADER_BYTES + dnsname_wire(question->text, wire) + 4;
	size_t end = length - (question->edns ? OPT_BYTES : 0);

	return (struct dnsmsg_kept){ written + start, end - start, get16(written + 6) };
}
