#include "lib/builder.h"

#include <arpa/inet.h>
#include <stdio.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#include "lib/builder_expr.h"

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

void set_ct_zone(struct builder *b, uint16_t zone)
{
	struct nftnl_expr *e = expr(b, "immediate");

	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
		if (nftnl_expr_set(e, NFTNL_EXPR_IMM_DATA, &zone, sizeof(zone)) < 0)
			b->failed = true;
	}
	e = expr(b, "ct");
	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_CT_KEY, NFT_CT_ZONE);
		nftnl_expr_set_u8(e, NFTNL_EXPR_CT_DIR, 0);
		nftnl_expr_set_u32(e, NFTNL_EXPR_CT_SREG, NFT_REG_1);
	}
	say(b, "ct original zone set %u", zone);
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
	nftnl_expr_set_u64(e, NFTNL_EXPR_DYNSET_TIMEOUT,
			   COUNTED_MS); /* as it comes back */
	nftnl_expr_set(e, NFTNL_EXPR_DYNSET_EXPR, counter, 0);
	if (nftnl_expr_set_str(e, NFTNL_EXPR_DYNSET_SET_NAME, name) < 0)
		b->failed = true;
}

void log_some(struct builder *b, const struct logging *logging)
{
	struct nftnl_expr *e = expr(b, "limit");

	if (e) {
		nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_RATE, logging->rate);
		nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_UNIT, 1);
		nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_BURST, logging->burst);
		nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
		nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_FLAGS, 0);
	}
	e = expr(b, "log");
	if (e) {
		if (nftnl_expr_set_str(e, NFTNL_EXPR_LOG_PREFIX, logging->prefix) < 0)
			b->failed = true;
		nftnl_expr_set_u16(e, NFTNL_EXPR_LOG_GROUP, RULESET_LOG_GROUP);
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOG_SNAPLEN, logging->snaplen);
		nftnl_expr_set_u16(e, NFTNL_EXPR_LOG_QTHRESHOLD, 1);
	}
	say(b, "limit rate %u/second burst %u packets", logging->rate, logging->burst);
	say(b, "log prefix \"%s\" group %u snaplen %u queue-threshold 1", logging->prefix,
	    RULESET_LOG_GROUP, logging->snaplen);
}

void rule_end(struct builder *b)
{
	struct nlmsghdr *message;

	if (b->failed || !b->rule)
		return;
	message = message_begin(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND,
				MESSAGE_SMALL);
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

/* To the loopback address of the packet's family. */
void rule_redirect(struct builder *b, uint16_t port)
{
	struct nftnl_expr *e = expr(b, "immediate");
	uint16_t wire = htons(port);

	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
		if (nftnl_expr_set(e, NFTNL_EXPR_IMM_DATA, &wire, sizeof(wire)) < 0)
			b->failed = true;
	}
	e = expr(b, "redir");
	if (e) {
		/* The kernel gives both ends and the flag back. */
		nftnl_expr_set_u32(e, NFTNL_EXPR_REDIR_REG_PROTO_MIN, NFT_REG_1);
		nftnl_expr_set_u32(e, NFTNL_EXPR_REDIR_REG_PROTO_MAX, NFT_REG_1);
		nftnl_expr_set_u32(e, NFTNL_EXPR_REDIR_FLAGS,
				   NF_NAT_RANGE_PROTO_SPECIFIED);
	}
	say(b, "redirect to :%u", port);
	rule_end(b);
}
