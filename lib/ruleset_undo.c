#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <libmnl/libmnl.h>

#include "lib/draft.h"

/* What takes a fence away, or the sets of one that did not come to stand. The table keeps
 * its flags: its owner cannot give them up. */

static void undo_set(struct builder *b, const struct ruleset *ruleset,
		     const struct nlmsghdr *m)
{
	const struct nlattr *attr;

	mnl_attr_for_each (attr, m, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) != NFTA_SET_NAME)
			continue;
		if (!ruleset->counting || !draft_keeps(mnl_attr_get_str(attr)))
			set_delete(b, mnl_attr_get_str(attr));
	}
}

int ruleset_build_undo(const struct ruleset *ruleset, size_t end, struct ruleset **ret,
		       struct error *err)
{
	struct builder b;

	if (builder_init(&b, RULESET_TABLE, false, err) < 0)
		return -1;
	table_add(&b);
	for (size_t i = 0; i < end; i++) {
		const struct nlmsghdr *m =
			(const void *)(ruleset->bytes.data + ruleset->messages[i].offset);

		if (NFNL_MSG_TYPE(m->nlmsg_type) == NFT_MSG_NEWSET)
			undo_set(&b, ruleset, m);
	}
	return builder_finish(&b, ret, err);
}

int ruleset_build_removal(struct ruleset **ret, struct error *err)
{
	struct builder b;

	if (builder_init(&b, RULESET_TABLE, false, err) < 0)
		return -1;
	/* What does not exist cannot be deleted, so it is added first. */
	table_add(&b);
	table_delete(&b);
	return builder_finish(&b, ret, err);
}
