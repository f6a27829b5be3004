#include "lib/dnsmsg.h"

#include <assert.h>
#include <ares.h>
#include <string.h>

#include "lib/dnsname.h"
#include "lib/reply.h"

#define HEADER_BYTES 12
#define CLASS_IN 1

/* Bits of the header's second 16. */
#define BIT_QR 0x8000
#define BIT_TC 0x0200
#define BIT_RD 0x0100
#define BIT_RA 0x0080

/* Reading. */

/* OPT and a signature are what may follow a question. The parser makes room for as many
 * records as the header says, so that is looked at before. */
#define ADDITIONAL_MAX 2

static void record_freep(ares_dns_record_t **record)
{
	ares_dns_record_destroy(*record);
}

static uint16_t get16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static enum dnsmsg_read fault(int *ret_rcode, enum dnsmsg_rcode rcode)
{
	*ret_rcode = rcode;
	return DNSMSG_FAULT;
}

/* Not by memset(): most of it is text. */
static void take_header(const uint8_t *bytes, struct dnsmsg_question *ret)
{
	ret->id = get16(bytes);
	ret->opcode = bytes[2] >> 3 & 15;
	ret->recursion = get16(bytes + 2) & BIT_RD;
	ret->type = 0;
	ret->edns = false;
	ret->udp_size = DNSMSG_UDP_MIN;
	ret->text[0] = '\0';
	ret->host[0] = '\0';
}

static bool counts_are_sound(const uint8_t *bytes)
{
	return get16(bytes + 4) == 1 && get16(bytes + 6) == 0 && get16(bytes + 8) == 0 &&
	       get16(bytes + 10) <= ADDITIONAL_MAX;
}

/* False when there are two, or one that does not belong to the root. */
static bool take_opt(const ares_dns_record_t *record, struct dnsmsg_question *ret)
{
	size_t count = ares_dns_record_rr_cnt(record, ARES_SECTION_ADDITIONAL);

	for (size_t i = 0; i < count; i++) {
		const ares_dns_rr_t *opt =
			ares_dns_record_rr_get_const(record, ARES_SECTION_ADDITIONAL, i);
		uint16_t size;

		if (ares_dns_rr_get_type(opt) != ARES_REC_TYPE_OPT)
			continue;
		if (ret->edns || *ares_dns_rr_get_name(opt))
			return false;
		ret->edns = true;
		size = ares_dns_rr_get_u16(opt, ARES_RR_OPT_UDP_SIZE);
		if (size > DNSMSG_UDP_MIN)
			ret->udp_size = size < DNSMSG_UDP_MAX ? size : DNSMSG_UDP_MAX;
	}
	return true;
}

/* False when the name is longer than a name can be; c-ares does not ask. */
static bool take_name(const char *text, struct dnsmsg_question *ret)
{
	size_t length = strlen(text);
	uint8_t wire[DNSNAME_MAX];
	struct error reason;

	if (dnsname_wire(text, wire) == 0)
		return false;
	memcpy(ret->text, text, length + 1);
	/* Fills it for a host name only; any escape makes it none. */
	(void)host_normalise(text, length, ret->host, &reason);
	return true;
}

static enum dnsmsg_read take_question(const ares_dns_record_t *record,
				      struct dnsmsg_question *ret, int *ret_rcode)
{
	ares_dns_rec_type_t type;
	ares_dns_class_t class;
	const char *text;

	if (!take_opt(record, ret) ||
	    ares_dns_record_query_get(record, 0, &text, &type, &class) != ARES_SUCCESS)
		return fault(ret_rcode, DNSMSG_FORMERR);
	if (class != ARES_CLASS_IN)
		return fault(ret_rcode, DNSMSG_NOTIMP);
	if (type == 0 || !take_name(text, ret))
		return fault(ret_rcode, DNSMSG_FORMERR);
	ret->type = (uint16_t)type;
	return DNSMSG_QUESTION;
}

enum dnsmsg_read dnsmsg_read(const uint8_t *bytes, size_t length,
			     struct dnsmsg_question *ret, int *ret_rcode)
{
	CLEANUP(record_freep) ares_dns_record_t *record = NULL;
	ares_status_t status;

	if (length < HEADER_BYTES || get16(bytes + 2) & BIT_QR)
		return DNSMSG_NOTHING;
	take_header(bytes, ret);
	if (ret->opcode != 0)
		return fault(ret_rcode, DNSMSG_NOTIMP);
	if (!counts_are_sound(bytes))
		return fault(ret_rcode, DNSMSG_FORMERR);
	status = ares_dns_parse(bytes, length, 0, &record);
	if (status != ARES_SUCCESS)
		return fault(ret_rcode,
			     status == ARES_ENOMEM ? DNSMSG_SERVFAIL : DNSMSG_FORMERR);
	return take_question(record, ret, ret_rcode);
}

size_t dnsmsg_addresses(const ares_dns_record_t *upstream, struct addr *addrs,
			size_t room, uint32_t *ret_ttl, int *ret_rcode)
{
	struct reply_way way;
	size_t count;

	*ret_ttl = 0;
	*ret_rcode = ares_dns_record_get_rcode(upstream);
	if (!reply_way(upstream, &way))
		return 0;
	count = reply_take(upstream, &way, addrs, room, &way.ttl);
	if (count)
		*ret_ttl = way.ttl;
	return count;
}

/* The parser makes room for as many records as the header says, and each takes eleven bytes at
 * least. */
static bool can_hold_its_records(const uint8_t *bytes, size_t length)
{
	size_t records = (size_t)get16(bytes + 6) + get16(bytes + 8) + get16(bytes + 10);

	return get16(bytes + 4) == 1 && records * 11 <= length;
}

size_t dnsmsg_answer(const uint8_t *bytes, size_t length, char ret_host[static HOST_TEXT],
		     struct addr *addrs, size_t room)
{
	CLEANUP(record_freep) ares_dns_record_t *record = NULL;
	struct error reason;
	struct reply_way way;

	if (length < HEADER_BYTES || !(get16(bytes + 2) & BIT_QR) ||
	    !can_hold_its_records(bytes, length) ||
	    ares_dns_parse(bytes, length, 0, &record) != ARES_SUCCESS ||
	    ares_dns_record_get_rcode(record) != ARES_RCODE_NOERROR ||
	    !reply_way(record, &way) ||
	    host_normalise(way.names[0], strlen(way.names[0]), ret_host, &reason) < 0)
		return 0;
	return reply_take(record, &way, addrs, room, &way.ttl);
}

size_t dnsmsg_records(const ares_dns_record_t *upstream, uint32_t *ret_ttl,
		      int *ret_rcode)
{
	size_t count = ares_dns_record_rr_cnt(upstream, ARES_SECTION_ANSWER), told = 0;
	struct reply_way way;

	*ret_ttl = 0;
	*ret_rcode = ares_dns_record_get_rcode(upstream);
	if (!reply_way(upstream, &way))
		return 0;
	for (size_t i = 0; i < count; i++)
		told += reply_record(upstream, &way, i, &way.ttl) != NULL;
	if (told)
		*ret_ttl = way.ttl;
	return told;
}

/* Writing: by hand, because c-ares' writer refuses a question that is no host name, and
 * to echo that is just what NXDOMAIN is for. Whether all of it fitted is asked once. */

#define EDE_OPTION 15
/* So that a reply without answers always fits. */
#define EDE_TEXT_MAX 200

static_assert(HEADER_BYTES + DNSNAME_MAX + 4 + 11 + 6 + EDE_TEXT_MAX <= DNSMSG_UDP_MIN,
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

static size_t put_answers(struct writer *w, const struct dnsmsg_question *question,
			  const struct dnsmsg_reply *reply)
{
	if (reply->rcode != DNSMSG_NOERROR)
		return 0;
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

/* The stream. What has been taken is moved out of the way when nothing whole is left, so
 * that a byte moves once however many messages come at a time. */

uint8_t *dnsmsg_stream_room(struct dnsmsg_stream *stream, size_t *ret)
{
	*ret = sizeof(stream->bytes) - stream->length;
	return stream->bytes + stream->length;
}

static enum dnsmsg_step want_more(struct dnsmsg_stream *stream)
{
	stream->length -= stream->taken;
	memmove(stream->bytes, stream->bytes + stream->taken, stream->length);
	stream->taken = 0;
	return DNSMSG_MORE;
}

enum dnsmsg_step dnsmsg_stream_next(struct dnsmsg_stream *stream, uint8_t *out,
				    size_t *ret_length)
{
	const uint8_t *message = stream->bytes + stream->taken;
	size_t held = stream->length - stream->taken, length;

	if (held < 2)
		return want_more(stream);
	length = get16(message);
	if (length == 0 || length > DNSMSG_QUERY_BYTES)
		return DNSMSG_BROKEN;
	if (held < 2 + length)
		return want_more(stream);
	memcpy(out, message + 2, length);
	stream->taken += 2 + length;
	*ret_length = length;
	return DNSMSG_MESSAGE;
}
