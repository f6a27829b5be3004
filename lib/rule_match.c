#include "lib/rule_text_internal.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <libnftnl/expr.h>

#include "lib/addr.h"
#include "lib/site.h"

struct reg *rule_reg(struct reader *reader, uint32_t number)
{
	if (number >= NFT_REG_1 && number <= NFT_REG_4)
		return &reader->regs[(number - NFT_REG_1) * 4];
	if (number >= NFT_REG32_00 && number <= NFT_REG32_15)
		return &reader->regs[number - NFT_REG32_00];
	return NULL;
}

static void put(struct reader *reader, uint32_t number, uint32_t length, enum value value,
		const char *format, ...) PRINTF(5, 6);
static void put(struct reader *reader, uint32_t number, uint32_t length, enum value value,
		const char *format, ...)
{
	struct reg *reg = rule_reg(reader, number);
	va_list args;

	if (!reg)
		return;
	for (struct reg *at = reg;
	     at < reader->regs + REGISTERS && at < reg + (length + 3) / 4; at++)
		*at = (struct reg){ 0 };
	*reg = (struct reg){ .value = value, .length = length };
	va_start(args, format);
	vsnprintf(reg->text, sizeof(reg->text), format, args);
	va_end(args);
}

const char *rule_key_name(bool meta, uint32_t key, enum value *ret, char out[static 16])
{
	static const struct {
		uint32_t key;
		bool meta;
		enum value value;
		const char *name;
	} names[] = {
		{ NFT_META_MARK, true, VALUE_HOST_NUMBER, "meta mark" },
		{ NFT_META_IIF, true, VALUE_HOST_NUMBER, "iif" },
		{ NFT_META_OIF, true, VALUE_HOST_NUMBER, "oif" },
		{ NFT_META_IIFNAME, true, VALUE_TEXT, "iifname" },
		{ NFT_META_OIFNAME, true, VALUE_TEXT, "oifname" },
		{ NFT_META_SKUID, true, VALUE_HOST_NUMBER, "meta skuid" },
		{ NFT_META_SKGID, true, VALUE_HOST_NUMBER, "meta skgid" },
		{ NFT_META_NFPROTO, true, VALUE_FAMILY, "meta nfproto" },
		{ NFT_META_L4PROTO, true, VALUE_PROTOCOL, "meta l4proto" },
		{ NFT_META_PRIORITY, true, VALUE_HOST_NUMBER, "meta priority" },
		{ NFT_META_NFTRACE, true, VALUE_HOST_NUMBER, "meta nftrace" },
		{ NFT_META_CGROUP, true, VALUE_HOST_NUMBER, "meta cgroup" },
		{ NFT_CT_STATE, false, VALUE_CT_STATE, "ct state" },
		{ NFT_CT_STATUS, false, VALUE_CT_STATUS, "ct status" },
		{ NFT_CT_DIRECTION, false, VALUE_NUMBER, "ct direction" },
		{ NFT_CT_MARK, false, VALUE_HOST_NUMBER, "ct mark" },
		{ NFT_CT_ZONE, false, VALUE_HOST_NUMBER, "ct zone" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].meta == meta && names[i].key == key) {
			*ret = names[i].value;
			return names[i].name;
		}
	*ret = VALUE_NUMBER;
	snprintf(out, 16, "%s %" PRIu32, meta ? "meta" : "ct", key);
	return out;
}

static void print_bits(const char *const *names, size_t count, uint32_t bits,
		       struct buf *out)
{
	const char *separator = "";

	for (size_t i = 0; i < count; i++)
		if (bits & 1u << i && names[i]) {
			buf_printf(out, "%s%s", separator, names[i]);
			separator = ",";
			bits &= ~(1u << i);
		}
	if (bits)
		buf_printf(out, "%s0x%" PRIx32, separator, bits);
}

static void print_ct_bits(enum value value, uint32_t bits, struct buf *out)
{
	static const char *const states[] = { "invalid", "established", "related",  "new",
					      NULL,      NULL,          "untracked" };
	static const char *const statuses[] = { "expected",  "seen-reply", "assured",
						"confirmed", "snat",       "dnat" };

	if (value == VALUE_CT_STATE)
		print_bits(states, ARRAY_SIZE(states), bits, out);
	else
		print_bits(statuses, ARRAY_SIZE(statuses), bits, out);
}

static void print_number(const uint8_t *bytes, uint32_t length, struct buf *out)
{
	uint64_t number = 0;

	if (length > 8)
		buf_puts(out, "0x");
	for (uint32_t i = 0; i < length; i++) {
		if (length > 8)
			buf_printf(out, "%02x", bytes[i]);
		number = number << 8 | bytes[i];
	}
	if (length <= 8)
		buf_printf(out, "%" PRIu64, number);
}

static void print_protocol(uint8_t protocol, struct buf *out)
{
	switch (protocol) {
	case IPPROTO_ICMP:
		buf_puts(out, "icmp");
		return;
	case IPPROTO_TCP:
		buf_puts(out, "tcp");
		return;
	case IPPROTO_UDP:
		buf_puts(out, "udp");
		return;
	case IPPROTO_ICMPV6:
		buf_puts(out, "ipv6-icmp");
		return;
	default:
		buf_printf(out, "%u", protocol);
	}
}

static void print_addr(enum family family, const uint8_t *bytes, uint32_t length,
		       struct buf *out)
{
	uint32_t whole = family == FAMILY_4 ? 4 : 16;
	uint8_t padded[16] = { 0 };
	char shown[ADDR_TEXT];
	struct addr addr;

	memcpy(padded, bytes, length < whole ? length : whole);
	addr = addr_from_bytes(family, padded);
	buf_puts(out, addr_format(&addr, shown));
	if (length < whole)
		buf_printf(out, "/%" PRIu32, length * 8);
}

void rule_value_print(enum value value, const uint8_t *bytes, uint32_t length,
		      struct buf *out)
{
	uint32_t number = 0;

	memcpy(&number, bytes, length < 4 ? length : 4);
	switch (value) {
	case VALUE_ADDR4:
	case VALUE_ADDR6:
		print_addr(value == VALUE_ADDR4 ? FAMILY_4 : FAMILY_6, bytes, length,
			   out);
		return;
	case VALUE_TEXT:
		buf_printf(out, "\"%.*s%s\"", (int)strnlen((const char *)bytes, length),
			   (const char *)bytes, memchr(bytes, 0, length) ? "" : "*");
		return;
	case VALUE_PROTOCOL:
		print_protocol(bytes[0], out);
		return;
	case VALUE_FAMILY:
		buf_puts(out, bytes[0] == NFPROTO_IPV4   ? "ipv4"
			      : bytes[0] == NFPROTO_IPV6 ? "ipv6"
							 : "other");
		return;
	case VALUE_CT_STATE:
	case VALUE_CT_STATUS:
		print_ct_bits(value, number, out);
		return;
	case VALUE_HOST_NUMBER:
		buf_printf(out, number > 0xffff ? "0x%" PRIx32 : "%" PRIu32, number);
		return;
	case VALUE_NUMBER:
		print_number(bytes, length, out);
		return;
	}
}

void rule_reg_print(struct reader *reader, uint32_t number, enum value value,
		    struct buf *out)
{
	struct reg *reg = rule_reg(reader, number);
	const char *separator = "";

	while (reg && reg < reader->regs + REGISTERS && (reg->text[0] || reg->constant)) {
		uint32_t length = reg->length ? reg->length : 4;

		buf_puts(out, separator);
		if (reg->constant)
			rule_value_print(value, reg->bytes, reg->length, out);
		else
			buf_puts(out, reg->text);
		*reg = (struct reg){ 0 };
		reg += (length + 3) / 4;
		separator = " . ";
	}
}

/* ---- loads ---- */

static void load_key(struct reader *reader, struct nftnl_expr *e, bool meta)
{
	char room[16];
	enum value value;
	const char *name = rule_key_name(
		meta,
		nftnl_expr_get_u32(e, meta ? NFTNL_EXPR_META_KEY : NFTNL_EXPR_CT_KEY),
		&value, room);

	put(reader,
	    nftnl_expr_get_u32(e, meta ? NFTNL_EXPR_META_DREG : NFTNL_EXPR_CT_DREG), 4,
	    value, "%s", name);
}

static const char *transport_name(const struct reader *reader)
{
	return reader->protocol == IPPROTO_TCP   ? "tcp"
	       : reader->protocol == IPPROTO_UDP ? "udp"
						 : "th";
}

/* The fields that rules name; NULL: some other bytes. */
static const char *field_name(const struct reader *reader, uint32_t base, uint32_t offset,
			      uint32_t length, enum value *ret)
{
	bool six = reader->family == NFPROTO_IPV6 ||
		   (reader->family != NFPROTO_IPV4 && length == 16);

	*ret = VALUE_NUMBER;
	if (base == NFT_PAYLOAD_TRANSPORT_HEADER && offset == 0 && length == 1)
		return reader->protocol == IPPROTO_ICMPV6 ? "icmpv6 type" : "icmp type";
	if (base != NFT_PAYLOAD_NETWORK_HEADER)
		return NULL;
	if (!six && offset == 9 && length == 1) {
		*ret = VALUE_PROTOCOL;
		return "ip protocol";
	}
	if (six && offset == 7 && length == 1)
		return "ip6 hoplimit";
	*ret = six ? VALUE_ADDR6 : VALUE_ADDR4;
	if (length <= (six ? 16 : 4) && offset == (six ? 8 : 12))
		return six ? "ip6 saddr" : "ip saddr";
	if (length <= (six ? 16 : 4) && offset == (six ? 24 : 16))
		return six ? "ip6 daddr" : "ip daddr";
	*ret = VALUE_NUMBER;
	return NULL;
}

static void load_payload(struct reader *reader, struct nftnl_expr *e)
{
	static const char *const bases[] = { "ll", "nh", "th", "ih" };
	uint32_t base = nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_BASE);
	uint32_t offset = nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET);
	uint32_t length = nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_LEN);
	uint32_t dreg = nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_DREG);
	enum value value;
	const char *name = field_name(reader, base, offset, length, &value);

	if (name)
		put(reader, dreg, length, value, "%s", name);
	else if (base == NFT_PAYLOAD_TRANSPORT_HEADER && offset <= 2 && length == 2)
		put(reader, dreg, length, VALUE_NUMBER, "%s %s", transport_name(reader),
		    offset ? "dport" : "sport");
	else
		put(reader, dreg, length, VALUE_NUMBER, "@%s,%" PRIu32 ",%" PRIu32,
		    base < ARRAY_SIZE(bases) ? bases[base] : "?", offset * 8, length * 8);
}

static void load_option(struct reader *reader, struct nftnl_expr *e)
{
	uint32_t op = nftnl_expr_get_u32(e, NFTNL_EXPR_EXTHDR_OP);

	put(reader, nftnl_expr_get_u32(e, NFTNL_EXPR_EXTHDR_DREG),
	    nftnl_expr_get_u32(e, NFTNL_EXPR_EXTHDR_LEN), VALUE_NUMBER, "%s %u",
	    op == NFT_EXTHDR_OP_IPV4   ? "ip option"
	    : op == NFT_EXTHDR_OP_IPV6 ? "exthdr"
				       : "option",
	    nftnl_expr_get_u8(e, NFTNL_EXPR_EXTHDR_TYPE));
}

static void load_route(struct reader *reader, struct nftnl_expr *e)
{
	uint32_t flags = nftnl_expr_get_u32(e, NFTNL_EXPR_FIB_FLAGS);
	uint32_t result = nftnl_expr_get_u32(e, NFTNL_EXPR_FIB_RESULT);

	put(reader, nftnl_expr_get_u32(e, NFTNL_EXPR_FIB_DREG), 4, VALUE_HOST_NUMBER,
	    "fib %s %s", flags & NFTA_FIB_F_SADDR ? "saddr" : "daddr",
	    result == NFT_FIB_RESULT_ADDRTYPE ? "type" : "oif");
}

static void load_mask(struct reader *reader, struct nftnl_expr *e)
{
	uint32_t length = 0;
	const void *mask = nftnl_expr_get(e, NFTNL_EXPR_BITWISE_MASK, &length);
	struct reg *from =
		rule_reg(reader, nftnl_expr_get_u32(e, NFTNL_EXPR_BITWISE_SREG));
	struct reg *to = rule_reg(reader, nftnl_expr_get_u32(e, NFTNL_EXPR_BITWISE_DREG));

	if (!from || !to)
		return;
	*to = *from;
	to->masked = mask && length <= sizeof(to->mask) && to->text[0];
	to->constant = false;
	if (to->masked)
		memcpy(to->mask, mask, length);
	else
		snprintf(to->text, sizeof(to->text), "(something)");
}

/* ---- comparisons ---- */

static uint32_t prefix_bits(const uint8_t *mask, uint32_t length)
{
	uint32_t bits = 0;

	while (bits < length * 8 && mask[bits / 8] & 0x80 >> bits % 8)
		bits++;
	return bits;
}

static bool is_zero(const uint8_t *bytes, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		if (bytes[i])
			return false;
	return true;
}

/* What a comparison tells about what comes behind it. */
static void learn(struct reader *reader, const struct reg *reg, uint32_t op,
		  const uint8_t *bytes, uint32_t length)
{
	static const uint8_t docker[] = { SITE_DOCKER_DNS >> 24, 0, 0,
					  SITE_DOCKER_DNS & 0xff };

	if (op != NFT_CMP_EQ || reg->masked)
		return;
	if (reg->value == VALUE_FAMILY)
		reader->family = bytes[0];
	if (reg->value == VALUE_PROTOCOL)
		reader->protocol = bytes[0];
	if (reg->value == VALUE_ADDR4 && length == sizeof(docker) &&
	    memcmp(bytes, docker, sizeof(docker)) == 0)
		reader->to_docker = true;
}

/* Said only where the next words do not say it by themselves. */
static void imply(struct reader *reader, const struct reg *reg, const char *value)
{
	char *implied = reader->implied[reg->value == VALUE_PROTOCOL];

	if (implied[0])
		rule_words(reader, "%s %s", reg->text, value ? value : "");
	else
		snprintf(implied, sizeof(reader->implied[0]), "%s %.48s", reg->text,
			 value ? value : "");
}

static void read_compare(struct reader *reader, struct nftnl_expr *e)
{
	static const char *const ops[] = { "", "!= ", "< ", "<= ", "> ", ">= " };
	struct reg *reg = rule_reg(reader, nftnl_expr_get_u32(e, NFTNL_EXPR_CMP_SREG));
	uint32_t op = nftnl_expr_get_u32(e, NFTNL_EXPR_CMP_OP), length = 0;
	const uint8_t *bytes = nftnl_expr_get(e, NFTNL_EXPR_CMP_DATA, &length);
	struct buf value = { 0 };
	bool flags;

	if (!reg || !bytes || length == 0)
		return;
	learn(reader, reg, op, bytes, length);
	flags = reg->masked &&
		(reg->value == VALUE_CT_STATE || reg->value == VALUE_CT_STATUS) &&
		(op == NFT_CMP_NEQ || op == NFT_CMP_EQ) && is_zero(bytes, length);
	rule_value_print(reg->value, flags ? reg->mask : bytes, length, &value);
	if (reg->masked && (reg->value == VALUE_ADDR4 || reg->value == VALUE_ADDR6))
		buf_printf(&value, "/%" PRIu32, prefix_bits(reg->mask, length));
	else if (reg->masked && !flags)
		buf_puts(&value, " (masked)");
	if (op == NFT_CMP_EQ && !reg->masked &&
	    (reg->value == VALUE_FAMILY || reg->value == VALUE_PROTOCOL))
		imply(reader, reg, value.data);
	else if (flags && op == NFT_CMP_EQ)
		rule_words(reader, "%s & %s == 0", reg->text,
			   value.data ? value.data : "");
	else
		rule_words(reader, "%s %s%s", reg->text[0] ? reg->text : "(something)",
			   flags || op >= ARRAY_SIZE(ops) ? "" : ops[op],
			   value.data ? value.data : "");
	buf_release(&value);
	*reg = (struct reg){ 0 };
}

static void read_range(struct reader *reader, struct nftnl_expr *e)
{
	uint32_t sreg = nftnl_expr_get_u32(e, NFTNL_EXPR_RANGE_SREG);
	uint32_t from_length = 0, to_length = 0;
	const uint8_t *from = nftnl_expr_get(e, NFTNL_EXPR_RANGE_FROM_DATA, &from_length);
	const uint8_t *to = nftnl_expr_get(e, NFTNL_EXPR_RANGE_TO_DATA, &to_length);
	struct reg *reg = rule_reg(reader, sreg);
	struct buf value = { 0 };

	if (!reg || !from || !to)
		return;
	rule_value_print(reg->value, from, from_length, &value);
	buf_puts(&value, "-");
	rule_value_print(reg->value, to, to_length, &value);
	rule_words(reader, "%s %s%s", reg->text,
		   nftnl_expr_get_u32(e, NFTNL_EXPR_RANGE_OP) == NFT_RANGE_NEQ ? "!= "
									       : "",
		   value.data ? value.data : "");
	buf_release(&value);
	*reg = (struct reg){ 0 };
}

static void read_lookup(struct reader *reader, struct nftnl_expr *e)
{
	const char *set = nftnl_expr_get_str(e, NFTNL_EXPR_LOOKUP_SET);
	uint32_t flags = nftnl_expr_get_u32(e, NFTNL_EXPR_LOOKUP_FLAGS);
	uint32_t dreg = nftnl_expr_get_u32(e, NFTNL_EXPR_LOOKUP_DREG);
	bool map = nftnl_expr_is_set(e, NFTNL_EXPR_LOOKUP_DREG);
	bool verdict = map && dreg == NFT_REG_VERDICT;
	struct buf key = { 0 };

	rule_reg_print(reader, nftnl_expr_get_u32(e, NFTNL_EXPR_LOOKUP_SREG),
		       VALUE_NUMBER, &key);
	rule_words(reader, "%s %s%s@%s", key.data ? key.data : "(something)",
		   flags & NFT_LOOKUP_F_INV ? "!= " : "",
		   verdict ? "vmap "
		   : map   ? "map "
			   : "",
		   set ? set : "?");
	buf_release(&key);
	if (verdict) {
		reader->out->by_map = true;
		reader->out->effects |= RULE_ACCEPTS;
	} else if (map) {
		put(reader, dreg, 4, VALUE_NUMBER, "@%s", set ? set : "?");
	}
}

bool rule_match_read(struct reader *reader, const char *name, struct nftnl_expr *e)
{
	if (strcmp(name, "meta") == 0 && nftnl_expr_is_set(e, NFTNL_EXPR_META_DREG))
		load_key(reader, e, true);
	else if (strcmp(name, "ct") == 0 && nftnl_expr_is_set(e, NFTNL_EXPR_CT_DREG))
		load_key(reader, e, false);
	else if (strcmp(name, "payload") == 0 &&
		 nftnl_expr_is_set(e, NFTNL_EXPR_PAYLOAD_DREG))
		load_payload(reader, e);
	else if (strcmp(name, "exthdr") == 0 &&
		 nftnl_expr_is_set(e, NFTNL_EXPR_EXTHDR_DREG))
		load_option(reader, e);
	else if (strcmp(name, "fib") == 0)
		load_route(reader, e);
	else if (strcmp(name, "bitwise") == 0)
		load_mask(reader, e);
	else if (strcmp(name, "cmp") == 0)
		read_compare(reader, e);
	else if (strcmp(name, "range") == 0)
		read_range(reader, e);
	else if (strcmp(name, "lookup") == 0)
		read_lookup(reader, e);
	else
		return false;
	return true;
}
