#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"
#include "lib/readback.h"
#include "lib/ruleset.h"
#include "lib/site.h"

/* The one place that writes to the kernel's firewall, and the netlink reads beside it. */

struct netlink;

/* Opens NETLINK_NETFILTER (needs CAP_NET_ADMIN at the first message, not here). */
int netlink_open(struct netlink **ret, struct error *err) MUST_CHECK;
void netlink_close(struct netlink *netlink); /* NULL is fine */
static inline void netlink_closep(struct netlink **p)
{
	netlink_close(*p);
}

/* Puts up the fence of `plan` (NULL: the closed one for `site`), whatever stands:
 * builds it, sends it, reads it back and compares. A failure leaves what stood. On a
 * kernel that cannot log or count the fence is quiet, and ret->quiet says so. `*ret` is
 * what stands; options->standing is not looked at. ERROR_PRIVILEGE: CAP_NET_ADMIN is
 * missing; ERROR_KERNEL names the refused message and the feature that is missing;
 * ERROR_PROOF: the kernel took it and holds something else. */
int netlink_fence(struct netlink *netlink, const struct plan *plan,
		  const struct site *site, const struct ruleset_options *options,
		  struct ruleset **ret, struct error *err) MUST_CHECK;

/* Its parts. Sends a ruleset: its sets in as many transactions as the socket needs, the
 * rest in one. A failure leaves what stood. */
int netlink_apply(struct netlink *netlink, const struct ruleset *ruleset,
		  struct error *err) MUST_CHECK;

/* Does the kernel let a socket hold a table that outlives it? Asked once. */
int netlink_can_own(struct netlink *netlink, bool *ret, struct error *err) MUST_CHECK;

/* Puts what was learned into the sets of the fence that stands, and waits for the kernel's word:
 * all or nothing. `plain` as in the ruleset that stands. A failure is ERROR_KERNEL; *ret_gone is set
 * when the table or a set is not there any more. */
int netlink_learn(struct netlink *netlink, const struct lease_op *ops, size_t count,
		  bool plain, bool *ret_gone, struct error *err) MUST_CHECK;

/* Does a fence stand: `inet netpale` with the chain that packets leave by? */
int netlink_table_exists(struct netlink *netlink, bool *ret, struct error *err)
	MUST_CHECK;
int netlink_table_delete(struct netlink *netlink, struct error *err) MUST_CHECK;

/* Reads `inet netpale` without the elements of its sets: what ruleset_options.standing
 * wants. */
int netlink_read_frame(struct netlink *netlink, struct dump *ret, struct error *err)
	MUST_CHECK;

/* Reads `inet netpale` whole; retried when a commit of somebody else cuts it. */
int netlink_dump(struct netlink *netlink, struct dump *ret, struct error *err) MUST_CHECK;

/* Reads what neighbours_find() looks at: all chains, rules and sets of the namespace, of every family, without
 * what is in the sets. */
int netlink_dump_all(struct netlink *netlink, struct dump *ret, struct error *err)
	MUST_CHECK;

/* Reads what the fence counts, for counts_read(); nothing where it does not count. Not retried: what was
 * refused meanwhile may be missing. */
int netlink_read_counts(struct netlink *netlink, struct buf *ret, struct error *err)
	MUST_CHECK;

/* rtnetlink: addresses and default routes into the site (resolvers are not touched). No
 * privilege. */
int netlink_read_site(struct site *site, struct error *err) MUST_CHECK;
