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

/* SO_MARK of netpale's own DNS sockets: a constant, because a later apply asks through the fence
 * of an earlier one. Nobody without NET_ADMIN or NET_RAW can set it (socket(7)). */
#define RULESET_SOCKET_MARK 0x6e70616cu

/* Sets that are too large for one message to the kernel are filled beside those in use, in as
 * many transactions as it takes, and a last one swaps the rules: the fence is never open. The
 * two generations of sets have different names. */
enum ruleset_form {
	RULESET_WHOLE,    /* one transaction replaces the table as a whole (add, delete, add), so
			   * it does not matter what stood before */
	RULESET_BESIDE_A, /* fills sets NAME; the swap deletes sets NAME_b */
	RULESET_BESIDE_B, /* fills sets NAME_b; the swap deletes sets NAME */
};

struct ruleset_options {
	uint32_t flow_mark;     /* MARK: new at every apply, never 0 */
	uint32_t socket_mark;   /* SO_MARK of netpale's own DNS sockets, never 0 */
	enum ruleset_form form;
	bool quiet;             /* refuse without counting and logging: for kernels that lack it */
};

/* Which transaction a message belongs to. In a whole ruleset all are RULESET_SWAP. */
enum ruleset_step {
	RULESET_CLEAR, /* empties what an interrupted attempt left; after a failure sent alone */
	RULESET_FILL,  /* may be spread over any number of transactions */
	RULESET_SWAP,  /* all in one */
};

struct ruleset_message {
	size_t offset, length; /* in `bytes`: one nlmsghdr and its payload; seq is the index */
	enum ruleset_step step; /* never falls from one message to the next */
	const char *what;      /* nft syntax of what it does, for errors; borrowed */
};

struct ruleset {
	bool quiet;            /* as in the options */
	struct buf bytes;      /* without batch begin and end; nlmsg_seq = index of message */
	struct ruleset_message *messages;
	size_t count, capacity;
	struct buf text;       /* nft syntax: what `nft -f` takes, elements included */
	struct arena *arena;
};

/* The fence of a plan; with plan->fenced false an error.
 * `with_text`: also build the nft text (costs memory for large sets). */
int ruleset_build(const struct plan *plan, const struct ruleset_options *options,
		  bool with_text, struct ruleset **ret, struct error *err) MUST_CHECK;

/* The closed fence: loopback, replies of nothing, and DNS of whoever carries socket_mark (and
 * of Docker's resolver to `site`'s resolvers). What stands while names are being resolved. */
int ruleset_build_closed(const struct site *site, const struct ruleset_options *options,
			 struct ruleset **ret, struct error *err) MUST_CHECK;

/* Do the rules in these messages (a dump) use the sets of RULESET_BESIDE_B? */
bool ruleset_uses_b(const void *messages, size_t length);

/* No fence: the table goes. */
int ruleset_build_removal(struct ruleset **ret, struct error *err) MUST_CHECK;

/* A tiny ruleset in a throw-away table that needs one kernel feature and is gone when its
 * transaction ends: sent after a refusal, it tells which feature is missing. */
struct trial {
	const char *feature; /* NULL: `index` is past the last */
	bool optional;       /* a quiet fence does without */
};
int ruleset_build_trial(size_t index, struct trial *ret_trial, struct ruleset **ret,
			struct error *err) MUST_CHECK;

void ruleset_free(struct ruleset *ruleset);
DEFINE_FREEP(ruleset)
