#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/lease.h"
#include "lib/plan.h"

/* Plan -> nftables: a pure value, netlink messages and the same in nft syntax, built
 * side by side from the same calls. DESIGN §4 shows the table. Nothing outside `inet
 * netpale` occurs in it. It is built without privilege; entrypoint/netlink.c sends it. */

#define RULESET_TABLE "netpale"
#define RULESET_LOG_GROUP 7783

/* SO_MARK of netpale's own DNS sockets: a constant, because a later apply asks through
 * the fence of an earlier one. Nobody without NET_ADMIN or NET_RAW can set it
 * (socket(7)). */
#define RULESET_SOCKET_MARK 0x6e70616cu

/* A fence is changed in two moves. First its sets are filled, in as many transactions
 * as it takes, beside those in use: two generations of sets have different names. Then
 * one transaction swaps the rules and removes what the old ones used. Chains stay where
 * they are: one that is replaced drops what passes until the kernel has taken it off
 * its hook. So only those are made anew that somebody has put elsewhere. */

/* The conntrack zone of what netpale asks while it guards. */
#define RULESET_ZONE 7783

/* Where the forwarder listens, on 127.0.0.1 and ::1, unless the port is taken. */
#define RULESET_FORWARDER_PORT 7753

/* What a guarded plan needs besides. */
struct ruleset_guard {
	uint16_t port; /* the forwarder's, UDP and TCP, both families */
	/* What the learned sets hold from the start: one address each (lease.h). */
	const struct lease_op *live;
	size_t live_count;
	/* Addresses whose flows live on though they open nothing new, with the class of ports. */
	const struct lease_op *lapsed;
	size_t lapsed_count;
};

struct ruleset_options {
	uint32_t flow_mark;   /* MARK: new at every apply, never 0 */
	uint32_t socket_mark; /* SO_MARK of netpale's own DNS sockets, never 0 */
	bool quiet; /* refuse without counting and logging: for kernels that lack it */
	/* Hold the table by the netlink socket (NFT_TABLE_F_OWNER): nobody else can change it, and it
	 * stays when the socket closes (PERSIST). Counts only for a table that is new, or that was
	 * held so before and whose owner is gone; any other keeps the flags it has. */
	bool own;
	const struct ruleset_guard *guard; /* NULL: the standard port, nothing learned */
	/* What the table holds now, as netlink_read_frame() gives it; empty: nothing.
	 * It decides which generation is free and what is removed. */
	const void *standing;
	size_t standing_length;
};

/* One nlmsghdr and its payload, in `bytes`; its seq is its index. */
struct ruleset_message {
	size_t offset;
	size_t length;
	const char *what; /* nft syntax of what it does, for errors; borrowed */
};

struct ruleset {
	bool quiet;       /* as in the options */
	bool plain;       /* the sets have their plain names */
	bool owned;       /* the table is asked for with OWNER */
	bool guarded;     /* it redirects DNS and has learned sets */
	bool counting;    /* the sets of counters stood before, in use */
	struct buf bytes; /* without batch begin and end */
	struct ruleset_message *messages;
	size_t count, capacity;
	size_t swap;     /* messages from this one on must be one transaction */
	struct buf text; /* nft syntax: what `nft -f` takes, elements included */
	struct arena *arena;
};

/* The fence of a plan; with plan->fenced false an error.
 * `with_text`: also build the nft text (costs memory for large sets). */
int ruleset_build(const struct plan *plan, const struct ruleset_options *options,
		  bool with_text, struct ruleset **ret, struct error *err) MUST_CHECK;

/* The set of a class of learned addresses: "learned4_0". Room for any: */
#define RULESET_SET_NAME 32
const char *ruleset_learned_set(enum family family, size_t class, bool plain,
				char out[static RULESET_SET_NAME]);

/* Changes to the learned sets of a fence that stands, as netlink messages without batch begin and
 * end, appended to `out`: pure, for the guard's every reply. An operation with `refresh` is
 * written so that it neither fails nor leaves a moment without the element, on every kernel: older
 * ones do not change the timeout of an element that is there (add, delete, add). *ret_last: where
 * the last message begins. */
int ruleset_learn(const struct lease_op *ops, size_t count, bool plain, struct buf *out,
		  size_t *ret_last, struct error *err) MUST_CHECK;

/* The closed fence: loopback, replies of nothing, and DNS of whoever carries
 * socket_mark (and of Docker's resolver to `site`'s resolvers). What stands while names
 * are being resolved. */
int ruleset_build_closed(const struct site *site, const struct ruleset_options *options,
			 struct ruleset **ret, struct error *err) MUST_CHECK;

/* Takes away the sets that messages before `end` made, after a failure of a later one. */
int ruleset_build_undo(const struct ruleset *ruleset, size_t end, struct ruleset **ret,
		       struct error *err) MUST_CHECK;

/* No fence: the table goes. */
int ruleset_build_removal(struct ruleset **ret, struct error *err) MUST_CHECK;

/* A tiny ruleset in a throw-away table that needs one kernel feature and is gone when its
 * transaction ends: sent after a refusal, it tells which feature is missing. */
struct trial {
	const char *feature; /* NULL: `index` is past the last */
	bool guarded;        /* only a guarded fence needs it */
	bool optional;       /* a quiet fence does without */
};
int ruleset_build_trial(size_t index, struct trial *ret_trial, struct ruleset **ret,
			struct error *err) MUST_CHECK;
/* The same for holding a table: not a feature that a fence lacks. */
int ruleset_build_own_trial(struct ruleset **ret, struct error *err) MUST_CHECK;

void ruleset_free(struct ruleset *ruleset);
DEFINE_FREEP(ruleset)
