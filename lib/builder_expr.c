#include "lib/builder_expr.h"

#include <stdarg.h>
#include <stdio.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

const struct layout layouts[FAMILY_6 + 1] = {
	[FAMILY_4] = { "ip", 12, 16, 4, NFPROTO_IPV4, NFT_REG32_01, NFT_REG32_02 },
	[FAMILY_6] = { "ip6", 8, 24, 16, NFPROTO_IPV6, NFT_REG_2, NFT_REG32_05 },
};

void rule_begin(struct builder *b)
{
	if (b->failed || b->rule)
		return;
	line_begin(b);
	b->family = 0;
	b->rule = nftnl_rule_alloc();
	if (!b->rule || nftnl_rule_set_str(b->rule, NFTNL_RULE_TABLE, b->table) < 0 ||
	    nftnl_rule_set_str(b->rule, NFTNL_RULE_CHAIN, b->chain->name) < 0)
		b->failed = true;
}

struct nftnl_expr *expr(struct builder *b, const char *name)
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

void say(struct builder *b, const char *words, ...)
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

void load_meta(struct builder *b, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *e = expr(b, "meta");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, reg);
}

void load_ct(struct builder *b, uint32_t key)
{
	struct nftnl_expr *e = expr(b, "ct");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_DREG, NFT_REG_1);
}

void load_payload(struct builder *b, uint32_t base, uint32_t offset, uint32_t length,
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

void compare(struct builder *b, bool equal, const void *data, uint32_t length)
{
	struct nftnl_expr *e = expr(b, "cmp");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, equal ? NFT_CMP_EQ : NFT_CMP_NEQ);
	if (nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, data, length) < 0)
		b->failed = true;
}

void compare8(struct builder *b, bool equal, uint8_t value)
{
	compare(b, equal, &value, sizeof(value));
}

void mask(struct builder *b, const void *bits, uint32_t length)
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

void lookup(struct builder *b, const struct set *set)
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

void want_family(struct builder *b, enum family family)
{
	rule_begin(b);
	if (b->family == family)
		return;
	load_meta(b, NFT_META_NFPROTO, NFT_REG_1);
	compare8(b, true, layouts[family].nfproto);
	b->family = family;
}

void want_protocol(struct builder *b, uint8_t protocol)
{
	load_meta(b, NFT_META_L4PROTO, NFT_REG_1);
	compare8(b, true, protocol);
}

void load_addr(struct builder *b, enum family family, enum side side, uint32_t length)
{
	const struct layout *layout = &layouts[family];

	want_family(b, family);
	load_payload(b, NFT_PAYLOAD_NETWORK_HEADER,
		     side == SOURCE ? layout->source : layout->destination, length,
		     NFT_REG_1);
	say(b, "%s %s", layout->name, side == SOURCE ? "saddr" : "daddr");
}
