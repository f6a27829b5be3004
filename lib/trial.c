#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "lib/builder.h"
#include "lib/standing.h"

/* One kernel feature each, in a table that its own transaction deletes again. */

#define TRIAL "netpale-trial"

static const struct chain filter = { .name = "trial", .hook = NF_INET_LOCAL_OUT };
static const struct chain nat = { "trial", NF_INET_LOCAL_OUT, -101, true };
static const struct set ranges = { "ranges", KEY_ADDR4, SET_RANGES };
static const struct set flows = { "flows", KEY_FLOW4, SET_RANGES };
static const struct set learned = { "learned", KEY_ADDR4, SET_LEARNED };
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

static void try_redirect(struct builder *b)
{
	match_port(b, DESTINATION, IPPROTO_UDP, 53);
	rule_redirect(b, RULESET_FORWARDER_PORT);
}

static void try_zone(struct builder *b)
{
	set_ct_zone(b, RULESET_ZONE);
	rule_end(b);
}

static void try_sources(struct builder *b)
{
	match_foreign_source(b);
	rule_drop(b);
}

static void try_learned(struct builder *b)
{
	match_addr(b, DESTINATION, &learned);
	rule_accept(b);
}

static void try_counting(struct builder *b)
{
	count_daddr(b, &counting);
	rule_end(b);
}

static void try_log(struct builder *b)
{
	static const struct logging some = { "trial", 1, 1, 64 };

	log_some(b, &some);
	rule_end(b);
}

enum need {
	NEEDED,
	BY_A_GUARDED_FENCE,
	OPTIONAL,
};

static const struct {
	const char *feature;
	enum need need;
	const struct chain *chain;
	const struct set *set;
	void (*rules)(struct builder *b);
} trials[] = {
	{ "nf_tables for inet (CONFIG_NF_TABLES_INET)", NEEDED, &filter, NULL,
	  try_nothing },
	{ "sets of address ranges (nft_set_rbtree)", NEEDED, &filter, &ranges,
	  try_ranges },
	{ "sets of ranges of address . protocol . port (Linux 5.6)", NEEDED, &filter,
	  &flows, try_flows },
	{ "connection tracking (nft_ct)", NEEDED, &filter, NULL, try_ct },
	{ "connection marks (CONFIG_NF_CONNTRACK_MARK)", NEEDED, &filter, NULL,
	  try_mark },
	{ "reject (nft_reject_inet)", NEEDED, &filter, NULL, try_reject },
	{ "types of addresses (nft_fib_inet)", NEEDED, &filter, NULL, try_sources },
	{ "sets of addresses that time out", BY_A_GUARDED_FENCE, &filter, &learned,
	  try_learned },
	{ "NAT for inet (Linux 5.2, nft_chain_nat, nft_redir)", BY_A_GUARDED_FENCE, &nat,
	  NULL, try_redirect },
	{ "connection tracking zones (CONFIG_NF_CONNTRACK_ZONES)", BY_A_GUARDED_FENCE,
	  &filter, NULL, try_zone },
	{ "sets filled by rules (nft_dynset, nft_counter)", OPTIONAL, &filter, &counting,
	  try_counting },
	{ "limited logging to a group (nft_limit, nft_log, nfnetlink_log)", OPTIONAL,
	  &filter, NULL, try_log },
};

int ruleset_build_trial(size_t index, struct trial *ret_trial, struct ruleset **ret,
			struct error *err)
{
	struct builder b;

	if (index >= ARRAY_SIZE(trials)) {
		*ret_trial = (struct trial){ 0 };
		return 0;
	}
	if (builder_init(&b, TRIAL, false, err) < 0)
		return -1;
	table_add(&b);
	if (trials[index].set)
		set_add(&b, trials[index].set);
	chain_add(&b, trials[index].chain);
	chain_begin(&b, trials[index].chain);
	trials[index].rules(&b);
	chain_end(&b);
	table_delete(&b);
	if (builder_finish(&b, ret, err) < 0)
		return -1;
	*ret_trial = (struct trial){
		.feature = trials[index].feature,
		.guarded = trials[index].need == BY_A_GUARDED_FENCE,
		.optional = trials[index].need == OPTIONAL,
	};
	return 0;
}

int ruleset_build_own_trial(struct ruleset **ret, struct error *err)
{
	struct builder b;

	if (builder_init(&b, TRIAL, false, err) < 0)
		return -1;
	table_set(&b, NFT_TABLE_F_OWNER | TABLE_PERSIST);
	table_delete(&b);
	return builder_finish(&b, ret, err);
}
