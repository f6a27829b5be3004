#include "lib/builder.h"

#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

/* Where the kernel keeps what a rule compares. The first register takes up to 16 bytes; the
 * fields of a concatenation lie one after the other, each padded to four bytes. A register that
 * begins a group of four must be written in the long form (NFT_REG_2 is NFT_REG32_04), because
 * that is how the kernel gives rules back. */
static const struct layout {
	const char *name;
	uint32_t source, destination; /* offsets in the network header */
	uint32_t length;
	uint8_t nfproto;
	uint32_t protocol, port;      /* registers behind the address */
} layouts[] = {
	[FAMILY_4] = { "ip", 12, 16, 4, NFPROTO_IPV4, NFT_REG32_01, NFT_REG32_02 },
	[FAMILY_6] = { "ip6", 8, 24, 16, NFPROTO_IPV6, NFT_REG_2, NFT_REG32_05 },
};

#define TCP_FLAGS_OFFSET 13
#define TCP_FIN_SYN_RST_ACK 0x17
#define TCP_SYN 0x02
#define HOPLIMIT_OFFSET 7

/* What goes to the log: enough for a person to see what was tried, not enough to slow the
 * sender down (a flood costs it 2-5 us a packet otherwise). 128 bytes hold both headers. */
#define LOG_RATE 20
#define LOG_BURST 50
#define LOG_SNAPLEN 128
#define LOG_PREFIX "netpale "

static void rule_begin(struct builder *b)
{
	if (b->failed || b->rule)
		return;
	buf_clear(&b->line);
	b->family = 0;
	b->rule = nftnl_rule_alloc();
	if (!b->rule || nftnl_rule_set_str(b->rule, NFTNL_RULE_TABLE, b->table) < 0 ||
	    nftnl_rule_set_str(b->rule, NFTNL_RULE_CHAIN, b->chain->name) < 0)
		b->failed = true;
}

/* An expression at the end of the open rule; NULL after a failure. */
static struct nftnl_expr *expr(struct builder *b, const char *name)
{
	struct nftnl_expr *e = NULL;

	rule_begin(b);
	if (!b->failed)
		e = nftnl_expr_alloc(name);
	if (e)
		nftnl_rule_add_expr(b->rule, e);
	else
		b->failed = true;
	return e;
}

static void say(struct builder *b, const char *words, ...) PRINTF(2, 3);
static void say(struct builder *b, const char *words, ...)
{
	char text[128];
	va_list args;

	va_start(args, words);
	vsnprintf(text, sizeof(text), words, args);
	va_end(args);
	if (b->line.length)
		buf_puts(&b->line, " ");
	buf_puts(&b->line, text);
}

/* The kernel's expressions. */

static void load_meta(struct builder *b, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *e = expr(b, "meta");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, reg);
}

static void load_ct(struct builder *b, uint32_t key)
{
	struct nftnl_expr *e = expr(b, "ct");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_DREG, NFT_REG_1);
}

static void load_payload(struct builder *b, uint32_t base, uint32_t offset, uint32_t length,
			 uint32_t reg)
{
	struct nftnl_expr *e = expr(b, "payload");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, length);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

static void compare(struct builder *b, bool equal, const void *data, uint32_t length)
{
	struct nftnl_expr *e = expr(b, "cmp");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, equal ? NFT_CMP_EQ : NFT_CMP_NEQ);
	if (nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, data, length) < 0)
		b->failed = true;
}

static void compare8(struct builder *b, bool equal, uint8_t value)
{
	compare(b, equal, &value, sizeof(value));
}

static void mask(struct builder *b, const void *bits, uint32_t length)
{
	struct nftnl_expr *e = expr(b, "bitwise");
	uint32_t zero = 0;

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, length);
	if (nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, bits, length) < 0 ||
	    nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, &zero, length) < 0)
		b->failed = true;
}

static void lookup(struct builder *b, const struct set *set)
{
	struct nftnl_expr *e = expr(b, "lookup");
	char name[SET_NAME_MAX];

	if (!e)
		return;
	set_name(b, set, name);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_FLAGS, 0); /* the kernel gives it back */
	if (nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, name) < 0)
		b->failed = true;
	say(b, "@%s", name);
}

static void want_family(struct builder *b, enum family family)
{
	rule_begin(b);
	if (b->family == family)
		return;
	load_meta(b, NFT_META_NFPROTO, NFT_REG_1);
	compare8(b, true, layouts[family].nfproto);
	b->family = family;
}

static void want_protocol(struct builder *b, uint8_t protocol)
{
	load_meta(b, NFT_META_L4PROTO, NFT_REG_1);
	compare8(b, true, protocol);
}

/* Matches. */

void match_ct_state(struct builder *b, unsigned states)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = { { CT_INVALID, "invalid" },
		      { CT_ESTABLISHED, "established" },
		      { CT_RELATED, "related" },
		      { CT_NEW, "new" } };
	uint32_t bits = states, zero = 0;
	const char *before = "";

	load_ct(b, NFT_CT_STATE);
	mask(b, &bits, sizeof(bits));
	compare(b, false, &zero, sizeof(zero));
	say(b, "ct state ");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!(states & names[i].bit))
			continue;
		buf_printf(&b->line, "%s%s", before, names[i].name);
		before = ",";
	}
}

void match_ct_direction(struct builder *b, bool reply)
{
	load_ct(b, NFT_CT_DIRECTION);
	compare8(b, true, reply ? 1 : 0);
	say(b, "ct direction %s", reply ? "reply" : "original");
}

void match_ct_mark(struct builder *b, uint32_t mark)
{
	load_ct(b, NFT_CT_MARK);
	compare(b, true, &mark, sizeof(mark));
	say(b, "ct mark 0x%08x", mark);
}

void match_mark(struct builder *b, bool equal, uint32_t mark)
{
	load_meta(b, NFT_META_MARK, NFT_REG_1);
	compare(b, equal, &mark, sizeof(mark));
	say(b, "meta mark %s0x%08x", equal ? "" : "!= ", mark);
}

void match_skuid(struct builder *b, uint32_t uid)
{
	load_meta(b, NFT_META_SKUID, NFT_REG_1);
	compare(b, true, &uid, sizeof(uid));
	say(b, "meta skuid %" PRIu32, uid);
}

static void match_if(struct builder *b, uint32_t key, bool equal, const char *name)
{
	char padded[IFNAMSIZ] = { 0 };

	/* The whole array, or "lo" would match "lo0" too. */
	memcpy(padded, name, strlen(name));
	load_meta(b, key, NFT_REG_1);
	compare(b, equal, padded, sizeof(padded));
	say(b, "%s %s\"%s\"", key == NFT_META_IIFNAME ? "iifname" : "oifname",
	    equal ? "" : "!= ", name);
}

void match_iif(struct builder *b, const char *name)
{
	match_if(b, NFT_META_IIFNAME, true, name);
}

void match_oif(struct builder *b, bool equal, const char *name)
{
	match_if(b, NFT_META_OIFNAME, equal, name);
}

static void load_addr(struct builder *b, enum family family, enum side side, uint32_t length)
{
	const struct layout *layout = &layouts[family];

	want_family(b, family);
	load_payload(b, NFT_PAYLOAD_NETWORK_HEADER,
		     side == SOURCE ? layout->source : layout->destination, length, NFT_REG_1);
	say(b, "%s %s", layout->name, side == SOURCE ? "saddr" : "daddr");
}

static void load_port(struct builder *b, enum side side, uint32_t reg)
{
	load_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, side == SOURCE ? 0 : 2, 2, reg);
	say(b, ". th %s", side == SOURCE ? "sport" : "dport");
}

void match_addr(struct builder *b, enum side side, const struct set *set)
{
	enum family family = set_family(set);

	load_addr(b, family, side, layouts[family].length);
	lookup(b, set);
}

void match_flow(struct builder *b, enum side side, const struct set *set)
{
	enum family family = set_family(set);

	load_addr(b, family, side, layouts[family].length);
	load_meta(b, NFT_META_L4PROTO, layouts[family].protocol);
	say(b, ". meta l4proto");
	load_port(b, side, layouts[family].port);
	lookup(b, set);
}

void match_service(struct builder *b, enum side side, const struct set *set)
{
	load_meta(b, NFT_META_L4PROTO, NFT_REG_1);
	say(b, "meta l4proto");
	load_port(b, side, NFT_REG32_01);
	lookup(b, set);
}

void match_prefix(struct builder *b, enum side side, const struct prefix *prefix)
{
	uint32_t length = prefix->length / 8;
	char shown[PREFIX_TEXT];
	uint8_t bytes[16];

	addr_to_bytes(&prefix->base, bytes);
	load_addr(b, prefix->base.family, side, length);
	compare(b, true, bytes, length);
	say(b, "%s", prefix_format(prefix, shown));
}

void match_icmp6(struct builder *b, const struct set *set)
{
	want_family(b, FAMILY_6);
	want_protocol(b, IPPROTO_ICMPV6);
	load_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, NFT_REG_1);
	say(b, "icmpv6 type");
	lookup(b, set);
}

void match_hoplimit(struct builder *b, uint8_t hops)
{
	want_family(b, FAMILY_6);
	load_payload(b, NFT_PAYLOAD_NETWORK_HEADER, HOPLIMIT_OFFSET, 1, NFT_REG_1);
	compare8(b, true, hops);
	say(b, "ip6 hoplimit %u", hops);
}

void match_tcp(struct builder *b)
{
	want_protocol(b, IPPROTO_TCP);
	say(b, "meta l4proto tcp");
}

void match_tcp_no_syn(struct builder *b)
{
	uint8_t flags = TCP_FIN_SYN_RST_ACK;

	want_protocol(b, IPPROTO_TCP);
	load_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_OFFSET, 1, NFT_REG_1);
	mask(b, &flags, sizeof(flags));
	compare8(b, false, TCP_SYN);
	say(b, "tcp flags & (fin | syn | rst | ack) != syn");
}

/* Statements. */

void set_ct_mark(struct builder *b, uint32_t mark)
{
	struct nftnl_expr *e = expr(b, "immediate");

	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
		nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DATA, mark);
	}
	e = expr(b, "ct");
	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_CT_KEY, NFT_CT_MARK);
		nftnl_expr_set_u32(e, NFTNL_EXPR_CT_SREG, NFT_REG_1);
	}
	say(b, "ct mark set 0x%08x", mark);
}

void count_daddr(struct builder *b, const struct set *set)
{
	enum family family = set_family(set);
	struct nftnl_expr *e, *counter = nftnl_expr_alloc("counter");
	char name[SET_NAME_MAX];

	rule_begin(b);
	set_name(b, set, name);
	say(b, "update @%s {", name);
	load_addr(b, family, DESTINATION, layouts[family].length);
	say(b, "timeout %us counter }", COUNTED_MS / 1000);

	e = expr(b, "dynset");
	if (!e || !counter) {
		if (counter)
			nftnl_expr_free(counter);
		b->failed = true;
		return;
	}
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	nftnl_expr_set_u64(e, NFTNL_EXPR_DYNSET_TIMEOUT, COUNTED_MS); /* as it comes back */
	nftnl_expr_set(e, NFTNL_EXPR_DYNSET_EXPR, counter, 0);
	if (nftnl_expr_set_str(e, NFTNL_EXPR_DYNSET_SET_NAME, name) < 0)
		b->failed = true;
}

void log_some(struct builder *b, uint16_t group)
{
	struct nftnl_expr *e = expr(b, "limit");

	if (e) {
		nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_RATE, LOG_RATE);
		nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_UNIT, 1);
		nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_BURST, LOG_BURST);
		nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
		nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_FLAGS, 0);
	}
	e = expr(b, "log");
	if (e) {
		if (nftnl_expr_set_str(e, NFTNL_EXPR_LOG_PREFIX, LOG_PREFIX) < 0)
			b->failed = true;
		nftnl_expr_set_u16(e, NFTNL_EXPR_LOG_GROUP, group);
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOG_SNAPLEN, LOG_SNAPLEN);
		nftnl_expr_set_u16(e, NFTNL_EXPR_LOG_QTHRESHOLD, 1);
	}
	say(b, "limit rate %d/second burst %d packets", LOG_RATE, LOG_BURST);
	say(b, "log prefix \"%s\" group %u snaplen %d queue-threshold 1", LOG_PREFIX, group,
	    LOG_SNAPLEN);
}

void rule_end(struct builder *b)
{
	struct nlmsghdr *message;

	if (b->failed || !b->rule)
		return;
	message = message_begin(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, MESSAGE_SMALL);
	if (!message)
		return;
	nftnl_rule_nlmsg_build_payload(message, b->rule);
	nftnl_rule_free(TAKE(b->rule));
	message_end(b, message, "add rule inet %s %s %s", b->table, b->chain->name,
		    b->line.data);
	if (b->with_text)
		buf_printf(&b->ruleset->text, "\t\t%s\n", b->line.data);
}

static void verdict(struct builder *b, uint32_t code, const struct chain *chain,
		    const char *text)
{
	struct nftnl_expr *e = expr(b, "immediate");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, code);
	if (chain && nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, chain->name) < 0)
		b->failed = true;
	say(b, "%s%s", text, chain ? chain->name : "");
	rule_end(b);
}

void rule_accept(struct builder *b)
{
	verdict(b, NF_ACCEPT, NULL, "accept");
}

void rule_drop(struct builder *b)
{
	verdict(b, NF_DROP, NULL, "drop");
}

void rule_jump(struct builder *b, const struct chain *chain)
{
	verdict(b, (uint32_t)NFT_JUMP, chain, "jump ");
}

void rule_goto(struct builder *b, const struct chain *chain)
{
	verdict(b, (uint32_t)NFT_GOTO, chain, "goto ");
}

static void reject(struct builder *b, uint32_t type, uint8_t code, const char *text)
{
	struct nftnl_expr *e = expr(b, "reject");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_REJECT_TYPE, type);
	nftnl_expr_set_u8(e, NFTNL_EXPR_REJECT_CODE, code);
	say(b, "%s", text);
	rule_end(b);
}

void rule_reset(struct builder *b)
{
	reject(b, NFT_REJECT_TCP_RST, 0, "reject with tcp reset");
}

void rule_reject(struct builder *b)
{
	reject(b, NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_ADMIN_PROHIBITED,
	       "reject with icmpx admin-prohibited");
}
