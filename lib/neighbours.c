#include "lib/neighbours.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <libnftnl/rule.h>

#include "lib/messages.h"
#include "lib/rule_text.h"
#include "lib/ruleset.h"

/* RULE_EFFECTS in words, and rules that cannot be read behind them. */
#define UNREADABLE RULE_EFFECTS
#define TOLD (RULE_EFFECTS + 1)

struct told {
	size_t count;
	const char *first; /* the first rule that does so */
};

struct chain {
	uint8_t family;
	const char *table, *name;
	bool base, nat;
	uint32_t hook;
	int32_t priority;
	bool by_map;
	struct told told[TOLD];
	size_t reached; /* the last base chain that it was reached from, counted from 1 */
};

struct jump {
	size_t from;
	struct chain *to; /* NULL: no such chain was dumped */
};

/* A map of objects that do something to packets. */
struct object_map {
	uint8_t family;
	const char *table, *name;
	unsigned int effects;
};

struct neighbours {
	struct arena *arena;
	struct chain *chains;
	size_t count, capacity;
	struct chain **sorted; /* all chains by family, table and name, in the arena */
	struct jump *jumps;
	size_t jump_count, jump_capacity;
	struct object_map *maps;
	size_t map_count, map_capacity;
};

static void neighbours_release(struct neighbours *n)
{
	free(n->chains);
	free(n->jumps);
	free(n->maps);
	arena_free(n->arena);
}

static const char *family_name(uint8_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_ARP:
		return "arp";
	case NFPROTO_BRIDGE:
		return "bridge";
	case NFPROTO_NETDEV:
		return "netdev";
	default:
		return "?";
	}
}

static uint8_t family_of(const struct nlmsghdr *m)
{
	return ((const struct nfgenmsg *)mnl_nlmsg_get_payload(m))->nfgen_family;
}

static bool is_fence(const struct nlmsghdr *m, const char *table)
{
	return family_of(m) == NFPROTO_INET && strcmp(table, RULESET_TABLE) == 0;
}

static int compare_chains(const void *left, const void *right)
{
	const struct chain *const *a = left, *const *b = right;
	int order = (*a)->family - (*b)->family;

	order = order ? order : strcmp((*a)->table, (*b)->table);
	return order ? order : strcmp((*a)->name, (*b)->name);
}

static int sort_chains(struct neighbours *n, struct error *err)
{
	n->sorted = arena_alloc(n->arena, (n->count + 1) * sizeof(struct chain *));
	if (!n->sorted)
		return error_memory(err);
	for (size_t i = 0; i < n->count; i++)
		n->sorted[i] = &n->chains[i];
	qsort(n->sorted, n->count, sizeof(struct chain *), compare_chains);
	return 0;
}

static struct chain *find_chain(struct neighbours *n, uint8_t family, const char *table,
				const char *name)
{
	const struct chain sought = { .family = family, .table = table, .name = name };
	const struct chain *key = &sought;
	struct chain **found = bsearch(&key, n->sorted, n->count, sizeof(struct chain *),
				       compare_chains);

	return found ? *found : NULL;
}

static int add_chain(struct neighbours *n, const struct nlmsghdr *m, struct error *err)
{
	const char *table = message_text(m, NFTA_CHAIN_TABLE);
	const char *name = message_text(m, NFTA_CHAIN_NAME);
	const char *type = message_text(m, NFTA_CHAIN_TYPE);
	const struct nlattr *hook = message_find(m, NFTA_CHAIN_HOOK);
	struct chain chain = { .family = family_of(m), .table = table, .name = name };

	if (!table || !name || is_fence(m, table))
		return 0;
	if (hook) {
		chain.base = true;
		chain.nat = type && strcmp(type, "nat") == 0;
		chain.hook = attr_number(attr_find(hook, NFTA_HOOK_HOOKNUM));
		chain.priority =
			(int32_t)attr_number(attr_find(hook, NFTA_HOOK_PRIORITY));
	}
	if (!array_grow(&n->chains, &n->capacity, n->count, sizeof(chain)))
		return error_memory(err);
	n->chains[n->count++] = chain;
	return 0;
}

static int add_map(struct neighbours *n, const struct nlmsghdr *m, struct error *err)
{
	const struct nlattr *type = message_find(m, NFTA_SET_OBJ_TYPE);
	struct object_map map = { .family = family_of(m),
				  .table = message_text(m, NFTA_SET_TABLE),
				  .name = message_text(m, NFTA_SET_NAME) };

	if (type && mnl_attr_validate(type, MNL_TYPE_U32) == 0)
		map.effects = rule_object_effects(ntohl(mnl_attr_get_u32(type)));
	if (!map.table || !map.name || !map.effects || is_fence(m, map.table))
		return 0;
	if (!array_grow(&n->maps, &n->map_capacity, n->map_count, sizeof(map)))
		return error_memory(err);
	n->maps[n->map_count++] = map;
	return 0;
}

static unsigned int map_effects(const struct neighbours *n, const struct chain *chain,
				const char *name)
{
	for (size_t i = 0; i < n->map_count; i++) {
		const struct object_map *map = &n->maps[i];

		if (map->family == chain->family && strcmp(map->name, name) == 0 &&
		    strcmp(map->table, chain->table) == 0)
			return map->effects;
	}
	return 0;
}

static int tell(struct neighbours *n, struct chain *chain, size_t what, const char *text,
		struct error *err)
{
	struct told *told = &chain->told[what];

	if (told->count++ > 0)
		return 0;
	told->first = arena_printf(n->arena, "%s", text);
	return told->first ? 0 : error_memory(err);
}

static int add_effects(struct neighbours *n, struct chain *chain,
		       const struct rule_text *text, struct error *err)
{
	struct jump jump = { .from = (size_t)(chain - n->chains) };
	unsigned int effects = text->docker_dns ? 0 : text->effects;

	chain->by_map |= text->by_map;
	if (text->object_map)
		effects |= map_effects(n, chain, text->object_map);
	for (size_t i = 0; i < RULE_EFFECTS; i++)
		if (effects & 1u << i &&
		    tell(n, chain, i, text->text.data ? text->text.data : "", err) < 0)
			return -1;
	if (!text->target)
		return 0;
	/* All chains are known by now. */
	jump.to = find_chain(n, chain->family, chain->table, text->target);
	if (!array_grow(&n->jumps, &n->jump_capacity, n->jump_count, sizeof(jump)))
		return error_memory(err);
	n->jumps[n->jump_count++] = jump;
	return 0;
}

static int add_rule(struct neighbours *n, const struct nlmsghdr *m, struct error *err)
{
	const char *table = message_text(m, NFTA_RULE_TABLE);
	const char *name = message_text(m, NFTA_RULE_CHAIN);
	struct rule_text text = { 0 };
	struct nftnl_rule *rule;
	struct chain *chain;
	int result;

	if (!table || !name || is_fence(m, table))
		return 0;
	chain = find_chain(n, family_of(m), table, name);
	if (!chain)
		return 0;
	rule = nftnl_rule_alloc();
	if (!rule)
		return error_memory(err);
	if (nftnl_rule_nlmsg_parse(m, rule) < 0) {
		result = tell(n, chain, UNREADABLE, "", err);
	} else {
		rule_text_read(rule, family_of(m), &text);
		result = add_effects(n, chain, &text, err);
	}
	rule_text_release(&text);
	nftnl_rule_free(rule);
	return result;
}

/* Rules last: a dump of each kind comes in one piece, but in whatever order. */
static int read_all(struct neighbours *n, const void *dump, size_t length, uint16_t type,
		    int (*add)(struct neighbours *n, const struct nlmsghdr *m,
			       struct error *err),
		    struct error *err)
{
	const struct nlmsghdr *m;

	for (size_t at = 0; (m = messages_next(dump, length, &at));)
		if (m->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | type) &&
		    mnl_nlmsg_get_payload_len(m) >= sizeof(struct nfgenmsg) &&
		    add(n, m, err) < 0)
			return -1;
	return 0;
}

enum place { BEFORE, BESIDE, AFTER };

static enum place place_of(const struct chain *chain)
{
	const char *hook = rule_hook_name(chain->family, chain->hook);

	if (strcmp(hook, "prerouting") == 0 || strcmp(hook, "ingress") == 0)
		return BEFORE;
	if (strcmp(hook, "postrouting") == 0 || strcmp(hook, "egress") == 0)
		return AFTER;
	/* All address translation of a hook runs in one place, whatever each chain says. */
	if (chain->nat)
		return strcmp(hook, "output") == 0 ? BEFORE : AFTER;
	return chain->priority < 0 ? BEFORE : chain->priority == 0 ? BESIDE : AFTER;
}

static const char *place_words(enum place place)
{
	switch (place) {
	case BEFORE:
		return "before the fence sees them";
	case BESIDE:
		return "beside the fence";
	case AFTER:
		return "after the fence let them pass";
	}
	return "";
}

void neighbours_tell(struct findings *findings, size_t what, const char *where,
		     const char *place, const char *text, size_t count)
{
	static const struct {
		const char *kind, *does;
	} words[TOLD] = {
		{ "another table accepts", "accepts packets" },
		{ "another table rewrites", "rewrites destinations" },
		{ "another table rewrites", "rewrites sources" },
		{ "another table rewrites", "rewrites packets" },
		{ "another table marks", "marks packets or connections" },
		{ "another table bypasses tracking", "takes packets out of tracking" },
		{ "another table sends", "sends packets by another way" },
		{ "another table queues", "lets a program decide about packets" },
		{ "another table expects", "lets packets count as related" },
		{ "another table offloads", "lets packets skip chains" },
		{ "another table is unreadable", "has rules that cannot be read" },
	};
	char more[64] = "";

	if (count > 1)
		snprintf(more, sizeof(more), " (and %zu more)", count - 1);
	findings_add(findings, words[what].kind, "%s: %s%s%s%s%s%s%s", where,
		     words[what].does, *place ? " " : "", place,
		     what == 0 ? "; the fence still decides" : "", *text ? ": " : "",
		     text, more);
}

static void add_finding(struct findings *findings, const struct chain *base,
			const struct chain *chain, size_t what, size_t count)
{
	char where[1024], from[256] = "";

	if (chain != base)
		snprintf(from, sizeof(from), ", chain %s from there", chain->name);
	snprintf(where, sizeof(where), "table %s %s, chain %s (%s, priority %d)%s",
		 family_name(base->family), base->table, base->name,
		 rule_hook_name(base->family, base->hook), base->priority, from);
	neighbours_tell(findings, what, where,
			what == UNREADABLE ? "" : place_words(place_of(base)),
			chain->told[what].first, count);
}

static bool is_beside(const struct chain *chain, const struct chain *base)
{
	return !chain->base && chain->family == base->family &&
	       strcmp(chain->table, base->table) == 0;
}

/* Everything that can be reached from a base chain. The kernel lets jumps go some levels deep, all in one
 * table; a map can lead anywhere there. */
static void mark_reached(struct neighbours *n, size_t base)
{
	size_t mark = base + 1;
	bool more = true, by_map = n->chains[base].by_map;

	n->chains[base].reached = mark;
	while (more && !by_map) {
		more = false;
		for (size_t i = 0; i < n->jump_count; i++) {
			const struct jump *jump = &n->jumps[i];

			if (n->chains[jump->from].reached != mark || !jump->to ||
			    jump->to->reached == mark)
				continue;
			jump->to->reached = mark;
			by_map |= jump->to->by_map;
			more = true;
		}
	}
	for (size_t i = 0; i < n->count && by_map; i++)
		if (is_beside(&n->chains[i], &n->chains[base]))
			n->chains[i].reached = mark;
}

static void tell_base(struct neighbours *n, size_t base, struct findings *findings)
{
	const struct chain *chain = &n->chains[base];

	mark_reached(n, base);
	for (size_t what = 0; what < TOLD; what++) {
		const struct chain *first = NULL;
		size_t count = 0;

		if (what == 0 &&
		    (place_of(chain) == AFTER || chain->family == NFPROTO_ARP))
			continue;
		for (size_t i = 0; i < n->count; i++) {
			if (n->chains[i].reached != base + 1)
				continue;
			count += n->chains[i].told[what].count;
			if (!first && n->chains[i].told[what].count)
				first = &n->chains[i];
		}
		if (first)
			add_finding(findings, chain, first, what, count);
	}
}

int neighbours_find(const void *dump, size_t length, struct findings *findings,
		    struct error *err)
{
	struct neighbours n CLEANUP(neighbours_release) = { .arena = arena_new(0) };

	if (!n.arena)
		return error_memory(err);
	if (read_all(&n, dump, length, NFT_MSG_NEWCHAIN, add_chain, err) < 0 ||
	    read_all(&n, dump, length, NFT_MSG_NEWSET, add_map, err) < 0 ||
	    sort_chains(&n, err) < 0 ||
	    read_all(&n, dump, length, NFT_MSG_NEWRULE, add_rule, err) < 0)
		return -1;
	for (size_t i = 0; i < n.count; i++)
		if (n.chains[i].base)
			tell_base(&n, i, findings);
	return 0;
}
