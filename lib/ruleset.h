#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/plan.h"

/* Plan -> nftables: a pure value, netlink messages and the same in nft syntax, built side by
 * side from the same calls. DESIGN §4 shows the table. Nothing outside `inet netpale` occurs
 * in it. It is built without privilege; entrypoint/netlink.c sends it. */

#define RULESET_TABLE "netpale"
#define RULESET_LOG_GROUP 7783

struct ruleset_options {
	uint32_t flow_mark;   /* MARK: new at every apply, never 0 */
	uint32_t socket_mark; /* SO_MARK of netpale's own DNS sockets, never 0 */
};

/* One message of the transaction. */
struct ruleset_message {
	size_t offset, length; /* in `bytes`: one nlmsghdr and its payload; seq is the index */
	const char *what;      /* nft syntax of what it adds, for errors; borrowed */
};

struct ruleset {
	struct buf bytes;      /* without batch begin and end; nlmsg_seq = index of message */
	struct ruleset_message *messages;
	size_t count, capacity;
	struct buf text;       /* nft syntax: what `nft -f` takes, elements included */
	struct arena *arena;
};

/* The fence of a plan; with plan->fenced false an error. The transaction replaces the table as
 * a whole (add, delete, add), so it does not matter what stood before.
 * `with_text`: also build the nft text (costs memory for large sets). */
int ruleset_build(const struct plan *plan, const struct ruleset_options *options,
		  bool with_text, struct ruleset **ret, struct error *err) MUST_CHECK;

/* The closed fence: loopback, replies of nothing, and DNS of whoever carries socket_mark (and
 * of Docker's resolver to `site`'s resolvers). What stands while names are being resolved. */
int ruleset_build_closed(const struct site *site, const struct ruleset_options *options,
			 struct ruleset **ret, struct error *err) MUST_CHECK;

void ruleset_free(struct ruleset *ruleset);
DEFINE_FREEP(ruleset)
