#include "lib/standing.h"

#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <libmnl/libmnl.h>

#include "lib/arena.h"
#include "lib/messages.h"

static int add_set(struct standing *standing, const struct nlmsghdr *m, struct error *err)
{
	struct standing_set set = { .name = message_text(m, NFTA_SET_NAME) };

	if (!set.name)
		return 0;
	set.anonymous = attr_number(message_find(m, NFTA_SET_FLAGS)) & NFT_SET_ANONYMOUS;
	if (!array_grow(&standing->sets, &standing->set_capacity, standing->set_count,
			sizeof(set)))
		return error_memory(err);
	standing->sets[standing->set_count++] = set;
	return 0;
}

static int add_chain(struct standing *standing, const struct nlmsghdr *m,
		     struct error *err)
{
	struct standing_chain chain = { .name = message_text(m, NFTA_CHAIN_NAME) };
	const struct nlattr *hook = message_find(m, NFTA_CHAIN_HOOK);

	if (!chain.name)
		return 0;
	if (hook) {
		chain.type = message_text(m, NFTA_CHAIN_TYPE);
		chain.type = chain.type ? chain.type : "filter";
		chain.hook = attr_number(attr_find(hook, NFTA_HOOK_HOOKNUM));
		chain.priority =
			(int32_t)attr_number(attr_find(hook, NFTA_HOOK_PRIORITY));
	}
	if (!array_grow(&standing->chains, &standing->chain_capacity,
			standing->chain_count, sizeof(chain)))
		return error_memory(err);
	standing->chains[standing->chain_count++] = chain;
	return 0;
}

/* Names stand in rules as strings with their end, deep inside expressions. Beside those
 * stands the name of the rule's chain, which may be a set's too. */
static void note_use(struct standing *standing, const struct nlmsghdr *rule)
{
	const struct nlattr *code = message_find(rule, NFTA_RULE_EXPRESSIONS);

	for (size_t i = 0; code && i < standing->set_count; i++) {
		struct standing_set *set = &standing->sets[i];

		if (!set->used &&
		    memmem(code, code->nla_len, set->name, strlen(set->name) + 1))
			set->used = true;
	}
}

int standing_read(struct standing *standing, const void *dump, size_t length,
		  struct error *err)
{
	const struct nlmsghdr *m;

	*standing = (struct standing){ 0 };
	for (size_t at = 0; (m = messages_next(dump, length, &at));) {
		if (m->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE)) {
			standing->stands = true;
			standing->flags = attr_number(message_find(m, NFTA_TABLE_FLAGS));
		}
		if (m->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSET) &&
		    add_set(standing, m, err) < 0)
			return -1;
		if (m->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN) &&
		    add_chain(standing, m, err) < 0)
			return -1;
	}
	for (size_t at = 0; (m = messages_next(dump, length, &at));)
		if (m->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE))
			note_use(standing, m);
	return 0;
}

void standing_release(struct standing *standing)
{
	free(standing->sets);
	free(standing->chains);
}

bool standing_uses(const struct standing *standing, const char *set)
{
	for (size_t i = 0; i < standing->set_count; i++)
		if (standing->sets[i].used && strcmp(standing->sets[i].name, set) == 0)
			return true;
	return false;
}
