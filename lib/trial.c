#include <linux/netfilter.h>

#include "lib/builder.h"

/* One kernel feature each, in a table that its own transaction deletes again. */

static const struct chain chain = { "trial", NF_INET_LOCAL_OUT };
static const struct set ranges = { "ranges", KEY_ADDR4, SET_RANGES };
static const struct set flows = { "flows", KEY_FLOW4, SET_RANGES };
static const struct set counting = { "counting", KEY_ADDR4, SET_COUNTING };

static void try_nothing(struct builder *b)
{
	(void)b;
}

static void try_ranges(struct builder *b)
{
	match_addr(b, DESTINATION, &ranges);
	rule_accept(b);
}

static void try_flows(struct builder *b)
{
	match_flow(b, DESTINATION, &flows);
	rule_accept(b);
}

static void try_ct(struct builder *b)
{
	match_ct_state(b, CT_ESTABLISHED);
	rule_accept(b);
}

static void try_mark(struct builder *b)
{
	set_ct_mark(b, 1);
	rule_accept(b);
}

static void try_reject(struct builder *b)
{
	match_tcp(b);
	rule_reset(b);
	rule_reject(b);
}

static void try_counting(struct builder *b)
{
	count_daddr(b, &counting);
	rule_end(b);
}

static void try_log(struct builder *b)
{
	log_some(b, RULESET_LOG_GROUP);
	rule_end(b);
}

static const struct {
	struct trial trial;
	const struct set *set;
	void (*rules)(struct builder *b);
} trials[] = {
	{ { "nf_tables for inet (CONFIG_NF_TABLES_INET)", false }, NULL, try_nothing },
	{ { "sets of address ranges (nft_set_rbtree)", false }, &ranges, try_ranges },
	{ { "sets of ranges of address . protocol . port (Linux 5.6)", false },
	  &flows,
	  try_flows },
	{ { "connection tracking (nft_ct)", false }, NULL, try_ct },
	{ { "connection marks (CONFIG_NF_CONNTRACK_MARK)", false }, NULL, try_mark },
	{ { "reject (nft_reject_inet)", false }, NULL, try_reject },
	{ { "sets filled by rules (nft_dynset, nft_counter)", true },
	  &counting,
	  try_counting },
	{ { "limited logging to a group (nft_limit, nft_log, nfnetlink_log)", true },
	  NULL,
	  try_log },
};

int ruleset_build_trial(size_t index, struct trial *ret_trial, struct ruleset **ret,
			struct error *err)
{
	struct builder b;

	if (index >= ARRAY_SIZE(trials)) {
		*ret_trial = (struct trial){ 0 };
		return 0;
	}
	if (builder_init(&b, "netpale-trial", false, err) < 0)
		return -1;
	table_add(&b);
	if (trials[index].set)
		set_add(&b, trials[index].set);
	chain_add(&b, &chain);
	chain_begin(&b, &chain);
	trials[index].rules(&b);
	chain_end(&b);
	table_delete(&b);
	if (builder_finish(&b, ret, err) < 0)
		return -1;
	*ret_trial = trials[index].trial;
	return 0;
}
