#include "lib/dnsmsg.h"

#include <ares.h>
#include <string.h>

#include "lib/dnsmsg_internal.h"
#include "lib/dnsname.h"
#include "lib/reply.h"

/* Reading. */

/* OPT and a signature are what may follow a question. The parser makes room for as many
 * records as the header says, so that is looked at before. */
#define ADDITIONAL_MAX 2

static void record_freep(ares_dns_record_t **record)
{
	ares_dns_record_destroy(*record);
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
