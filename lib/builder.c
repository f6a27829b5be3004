#include "lib/builder.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/rule.h>

#include "lib/arena.h"

int builder_init(struct builder *b, const char *table, bool with_text, struct error *err)
{
	*b = (struct builder){ .table = table, .suffix = "", .with_text = with_text };
	b->ruleset = calloc(1, sizeof(*b->ruleset));
	if (!b->ruleset)
		return error_memory(err);
	b->ruleset->arena = arena_new(0);
	if (!b->ruleset->arena) {
		ruleset_free(TAKE(b->ruleset));
		return error_memory(err);
	}
	return 0;
}

int builder_finish(struct builder *b, struct ruleset **ret, struct error *err)
{
	struct ruleset *ruleset = b->ruleset;

	if (b->failed || b->line.failed || ruleset->bytes.failed ||
	    ruleset->text.failed) {
		builder_abandon(b);
		return error_memory(err);
	}
	*ret = TAKE(b->ruleset);
	builder_abandon(b);
	return 0;
}

void builder_abandon(struct builder *b)
{
	buf_release(&b->line);
	if (b->rule)
		nftnl_rule_free(TAKE(b->rule));
	ruleset_free(TAKE(b->ruleset));
}

void ruleset_free(struct ruleset *ruleset)
{
	if (!ruleset)
		return;
	buf_release(&ruleset->bytes);
	buf_release(&ruleset->text);
	free(ruleset->messages);
	arena_free(ruleset->arena);
	free(ruleset);
}

struct nlmsghdr *message_begin(struct builder *b, uint16_t type, uint16_t flags,
			       size_t room)
{
	char *at = b->failed ? NULL : buf_reserve(&b->ruleset->bytes, room);

	if (!at) {
		b->failed = true;
		return NULL;
	}
	return nftnl_nlmsg_build_hdr(at, type, NFPROTO_INET, flags,
				     (uint32_t)b->ruleset->count);
}

void message_end(struct builder *b, struct nlmsghdr *message, const char *what, ...)
{
	struct ruleset *ruleset = b->ruleset;
	struct ruleset_message *entry;
	char text[512];
	va_list args;

	if (b->failed || !array_grow(&ruleset->messages, &ruleset->capacity,
				     ruleset->count, sizeof(*ruleset->messages))) {
		b->failed = true;
		return;
	}
	va_start(args, what);
	vsnprintf(text, sizeof(text), what, args);
	va_end(args);

	entry = &ruleset->messages[ruleset->count++];
	entry->offset = (size_t)((char *)message - ruleset->bytes.data);
	entry->length = message->nlmsg_len;
	entry->what = arena_printf(ruleset->arena, "%s", text);
	if (!entry->what)
		b->failed = true;
	ruleset->bytes.length = entry->offset + entry->length;
}

static void table_message(struct builder *b, uint16_t type, const uint32_t *flags,
			  const char *verb)
{
	struct nlmsghdr *message = message_begin(
		b, type, type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0, MESSAGE_SMALL);

	if (!message)
		return;
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, b->table);
	if (flags)
		mnl_attr_put_u32(message, NFTA_TABLE_FLAGS, htonl(*flags));
	message_end(b, message, "%s table inet %s", verb, b->table);
}

void table_add(struct builder *b)
{
	table_message(b, NFT_MSG_NEWTABLE, NULL, "add");
}

void table_set(struct builder *b, uint32_t flags)
{
	table_message(b, NFT_MSG_NEWTABLE, &flags, "add");
}

void table_delete(struct builder *b)
{
	table_message(b, NFT_MSG_DELTABLE, NULL, "delete");
}

void table_delete_rules(struct builder *b)
{
	struct nlmsghdr *message = message_begin(b, NFT_MSG_DELRULE, 0, MESSAGE_SMALL);

	if (!message)
		return;
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, b->table);
	message_end(b, message, "flush table inet %s", b->table);
}

void table_begin(struct builder *b)
{
	if (b->with_text)
		buf_printf(&b->ruleset->text,
			   "add table inet %s\ndelete table inet %s\ntable inet %s {\n",
			   b->table, b->table, b->table);
}

void table_end(struct builder *b)
{
	if (b->with_text)
		buf_puts(&b->ruleset->text, "}\n");
}

/* Postrouting only drops what must never be: what should pass was decided before. What comes before
 * the filter only prepares. */
static uint32_t policy(const struct builder *b, const struct chain *chain)
{
	return b->accepts || chain->priority < 0 || chain->hook == NF_INET_POST_ROUTING
		       ? NF_ACCEPT
		       : NF_DROP;
}

const char *chain_type(const struct chain *chain)
{
	return chain->nat ? "nat" : "filter";
}

static const char *const hook_names[] = {
	[NF_INET_LOCAL_IN] = "input",
	[NF_INET_FORWARD] = "forward",
	[NF_INET_LOCAL_OUT] = "output",
	[NF_INET_POST_ROUTING] = "postrouting",
};

void chain_add(struct builder *b, const struct chain *chain)
{
	struct nlmsghdr *message =
		message_begin(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE, MESSAGE_SMALL);
	struct nftnl_chain *c = message ? nftnl_chain_alloc() : NULL;

	if (!c) {
		b->failed = true;
		return;
	}
	if (nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, b->table) < 0 ||
	    nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, chain->name) < 0)
		b->failed = true;
	if (chain->hook != CHAIN_INNER) {
		if (nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, chain_type(chain)) < 0)
			b->failed = true;
		nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, (uint32_t)chain->hook);
		nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, chain->priority);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, policy(b, chain));
	}
	nftnl_chain_nlmsg_build_payload(message, c);
	nftnl_chain_free(c);
	message_end(b, message, "add chain inet %s %s", b->table, chain->name);
}

void chain_delete(struct builder *b, const char *name)
{
	struct nlmsghdr *message = message_begin(b, NFT_MSG_DELCHAIN, 0, MESSAGE_SMALL);

	if (!message)
		return;
	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, b->table);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, name);
	message_end(b, message, "delete chain inet %s %s", b->table, name);
}

void chain_begin(struct builder *b, const struct chain *chain)
{
	char priority[16] = "filter";

	b->chain = chain;
	if (!b->with_text)
		return;
	if (chain->priority != 0)
		snprintf(priority, sizeof(priority), "%d", chain->priority);
	buf_printf(&b->ruleset->text, "\tchain %s {\n", chain->name);
	if (chain->hook != CHAIN_INNER)
		buf_printf(&b->ruleset->text,
			   "\t\ttype %s hook %s priority %s; policy %s;\n",
			   chain_type(chain), hook_names[chain->hook], priority,
			   policy(b, chain) == NF_ACCEPT ? "accept" : "drop");
}

void chain_end(struct builder *b)
{
	b->chain = NULL;
	if (b->with_text)
		buf_puts(&b->ruleset->text, "\t}\n");
}
