#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#include "lib/buf.h"
#include "lib/macros.h"
#include "lib/messages.h"
#include "lib/neighbours.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

/* Tables of others, as a dump has them. An even first byte: the rest is that dump, as bytes, but without
 * rules: those go to libnftnl, which ends the process when it finds something that no kernel writes.
 * An odd one: the bytes choose chains, maps and rules, whatever expressions in whatever order.
 * It is told whatever the order of the messages, and a rule more never makes something untold. */

#define CHAINS 6u
#define RULES 12u
#define EXPRESSIONS 6u
#define MESSAGE 4096u

static const char *const names[] = { "a", "output", "nat", "DOCKER", "b", "REDIRECT" };
static const uint8_t families[] = { NFPROTO_INET, NFPROTO_IPV4,   NFPROTO_IPV6,
				    NFPROTO_ARP,  NFPROTO_NETDEV, NFPROTO_BRIDGE };
static const char *const expressions[] = {
	"meta", "cmp",     "bitwise", "payload", "immediate", "lookup",   "nat",
	"masq", "redir",   "tproxy",  "notrack", "queue",     "fwd",      "dup",
	"ct",   "counter", "objref",  "log",     "limit",     "reject",   "target",
	"fib",  "match",   "range",   "exthdr",  "dynset",    "synproxy", "flow_offload",
};

static struct nlmsghdr *begin(void *bytes, struct input *input, uint16_t type)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(bytes);
	struct nfgenmsg *general = mnl_nlmsg_put_extra_header(m, sizeof(*general));

	m->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | type;
	general->nfgen_family = families[take(input, ARRAY_SIZE(families))];
	return m;
}

static const char *take_name(struct input *input)
{
	return names[take(input, ARRAY_SIZE(names))];
}

static void add_chain(struct input *input, struct buf *out)
{
	_Alignas(struct nlmsghdr) char bytes[MESSAGE];
	struct nlmsghdr *m = begin(bytes, input, NFT_MSG_NEWCHAIN);

	mnl_attr_put_strz(m, NFTA_CHAIN_TABLE, names[take(input, 2)]);
	mnl_attr_put_strz(m, NFTA_CHAIN_NAME, take_name(input));
	if (take(input, 4)) {
		struct nlattr *hook = mnl_attr_nest_start(m, NFTA_CHAIN_HOOK);

		mnl_attr_put_u32(m, NFTA_HOOK_HOOKNUM, htobe32(take(input, 7)));
		mnl_attr_put_u32(m, NFTA_HOOK_PRIORITY, htobe32(take(input, 5) - 2u));
		mnl_attr_nest_end(m, hook);
		mnl_attr_put_strz(m, NFTA_CHAIN_TYPE, take(input, 2) ? "nat" : "filter");
	}
	buf_add(out, m, m->nlmsg_len);
}

static void add_map(struct input *input, struct buf *out)
{
	_Alignas(struct nlmsghdr) char bytes[MESSAGE];
	struct nlmsghdr *m = begin(bytes, input, NFT_MSG_NEWSET);

	mnl_attr_put_strz(m, NFTA_SET_TABLE, names[take(input, 2)]);
	mnl_attr_put_strz(m, NFTA_SET_NAME, take_name(input));
	mnl_attr_put_u32(m, NFTA_SET_OBJ_TYPE, htobe32(take(input, 12)));
	buf_add(out, m, m->nlmsg_len);
}

/* Whatever libnftnl takes of it. */
static void set_attribute(struct input *input, const char *name, uint16_t attribute,
			  struct nftnl_expr *expression)
{
	static const uint32_t lengths[] = { 4, 1, 2, 4, 8, 16, 4, 20 };
	uint32_t length = lengths[take(input, ARRAY_SIZE(lengths))], number;
	char value[33] = { 0 };

	switch (take(input, 4)) {
	case 0:
		strcpy(value, take_name(input));
		length = (uint32_t)strlen(value) + 1;
		break;
	case 1: /* a verdict, a port, a number of a register */
		number = take(input, 40) - 6u;
		memcpy(value, &number, sizeof(number));
		break;
	default:
		for (uint32_t i = 0; i < length; i++)
			value[i] = (char)take(input, 256);
	}
	/* An object without a name is none. */
	if (strcmp(name, "objref") == 0)
		value[0] |= 'a';
	/* These it keeps as they are: what it frees then, and an expression. */
	if ((strcmp(name, "target") == 0 && attribute == NFTNL_EXPR_TG_INFO) ||
	    (strcmp(name, "match") == 0 && attribute == NFTNL_EXPR_MT_INFO)) {
		void *copy = malloc(length);

		PROMISE(copy);
		memcpy(copy, value, length);
		if (nftnl_expr_set(expression, attribute, copy, length) < 0)
			free(copy);
	} else if (strcmp(name, "dynset") != 0 || attribute < NFTNL_EXPR_DYNSET_EXPR) {
		(void)nftnl_expr_set(expression, attribute, value, length);
	}
}

static void add_rule(struct input *input, struct buf *out)
{
	_Alignas(struct nlmsghdr) char bytes[MESSAGE * 4];
	struct nlmsghdr *m = begin(bytes, input, NFT_MSG_NEWRULE);
	struct nftnl_rule *rule = nftnl_rule_alloc();

	PROMISE(rule);
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, names[take(input, 2)]);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, take_name(input));
	for (uint32_t i = take(input, EXPRESSIONS); i > 0; i--) {
		const char *name = expressions[take(input, ARRAY_SIZE(expressions))];
		struct nftnl_expr *expression = nftnl_expr_alloc(name);
		uint32_t which = take(input, 256) | take(input, 4) << 8;

		PROMISE(expression);
		for (uint16_t j = 0; j < 10; j++)
			if (which >> j & 1)
				set_attribute(input, name, NFTNL_EXPR_BASE + j,
					      expression);
		nftnl_rule_add_expr(rule, expression);
	}
	nftnl_rule_nlmsg_build_payload(m, rule);
	nftnl_rule_free(rule);
	buf_add(out, m, m->nlmsg_len);
}

/* How much is told. */
static size_t find(const struct buf *dump)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(0);
	struct findings found = { .arena = arena };
	struct error err;

	PROMISE(arena);
	PROMISE(neighbours_find(dump->data, dump->length, &found, &err) == 0);
	PROMISE(found.count <= FINDINGS_MAX && found.count <= found.total);
	for (size_t i = 0; i < found.count; i++) {
		const struct finding *finding = &found.v[i];

		PROMISE(finding->kind && finding->text);
		PROMISE(text_is_plain(finding->text, strlen(finding->text)));
	}
	return found.total;
}

static void fuzz_drawn(struct input *input)
{
	struct buf rules CLEANUP(buf_release) = { 0 }, dump CLEANUP(buf_release) = { 0 },
			 turned CLEANUP(buf_release) = { 0 };
	uint32_t chains = 1 + take(input, CHAINS), maps = take(input, 3), count;
	size_t total, again, chain_bytes;

	for (uint32_t i = 0; i < chains; i++)
		add_chain(input, &dump);
	for (uint32_t i = 0; i < maps; i++)
		add_map(input, &dump);
	count = take(input, RULES);
	total = find(&dump);
	PROMISE(total == 0);
	for (uint32_t i = 0; i < count; i++) {
		size_t before = rules.length, more;

		add_rule(input, &rules);
		buf_add(&dump, rules.data + before, rules.length - before);
		more = find(&dump);
		PROMISE(more >= total);
		total = more;
	}
	/* Each kind of message comes in one piece, but in whatever order. */
	if (count == 0)
		return;
	chain_bytes = dump.length - rules.length;
	buf_add(&turned, rules.data, rules.length);
	buf_add(&turned, dump.data, chain_bytes);
	again = find(&turned);
	PROMISE(again == total);
}

static void fuzz_bytes(const uint8_t *bytes, size_t length)
{
	struct buf all CLEANUP(buf_release) = { 0 }, kept CLEANUP(buf_release) = { 0 };
	const struct nlmsghdr *m;
	size_t at = 0;

	buf_add(&all, bytes, length);
	while (all.length && (m = messages_next(all.data, all.length, &at)))
		if (NFNL_MSG_TYPE(m->nlmsg_type) != NFT_MSG_NEWRULE)
			buf_add(&kept, m, NLMSG_ALIGN((size_t)m->nlmsg_len));
	if (kept.length)
		(void)find(&kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct input input = { bytes + 1, bytes + length };

	if (length == 0)
		return 0;
	if (bytes[0] & 1)
		fuzz_drawn(&input);
	else
		fuzz_bytes(bytes + 1, length - 1);
	return 0;
}
