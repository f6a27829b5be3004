#pragma once

#include <stdint.h>

#include "entrypoint/control.h"
#include "entrypoint/guard.h"
#include "entrypoint/init.h"
#include "entrypoint/sockets.h"
#include "entrypoint/watch.h"
#include "entrypoint/worker.h"
#include "lib/lease.h"
#include "lib/permit.h"
#include "lib/quota.h"
#include "lib/ruleset.h"
#include "lib/search.h"

/* What the guard's files share. One process, one thread, one event loop (guard.c):
 *
 *	guard.c          start, loop, end
 *	guard_dns.c      the forwarder: its life, its messages
 *	guard_names.c    whom to ask, as it was at the start
 *	guard_reload.c   another policy in place of this one
 *	guard_status.c   what is in force, for people and machines
 */

/* One policy and all that was made from it. A reload makes another one beside it. It never moves:
 * the permit borrows the policy. */
struct regime {
	struct inputs inputs;
	struct fence fence;
	struct permit *permit; /* NULL: names are not guarded */
};

/* A file of ours with what another one said at the start. */
struct file_copy {
	int fd; /* -1: none */
	char path[32];
};

enum refusal_reason {
	REASON_NO_ENTRY, /* no entry allows the name */
	REASON_DENIED,   /* an entry denies it */
	REASON_TYPE,  /* the name is allowed, another type than addresses was asked for */
	REASON_LIMIT, /* too many names below a wildcard */
	REASON_ADDRESS, /* an answer's address may not be opened */
	REASON_COUNT,
};

struct guard_counts {
	uint64_t refusals[REASON_COUNT];
	uint64_t learned;        /* replies that were put into the sets */
	uint64_t kernel_refused; /* those the kernel did not take */
	unsigned restarts;       /* of the forwarder */
	unsigned reloads, reloads_refused;
	char reload_fault[sizeof(
		((struct error *)NULL)->text)]; /* of the last; "": none */
};

struct guard {
	const struct start *start;
	const struct user *user; /* the agent's, with whose eyes a project is read */
	const struct guard_agent *agent;
	struct regime *regime;
	/* As it was at the start. The files may be the agent's to write (a sidecar shares them), and
	 * whoever names the resolvers decides what names mean. */
	struct site site;
	struct search search;
	struct file_copy hosts, resolv_conf; /* every regime's inputs read them */
	struct leases *leases;
	struct quota *quota;

	struct sockets sockets;
	struct worker worker;
	bool worker_ready;
	int64_t worker_started, restart_at; /* 0: no restart is due */
	unsigned pings;                     /* without an answer */
	unsigned failures;                  /* in a row */
	struct message_counters served,
		served_before; /* by this forwarder, by those before */

	struct control control;
	struct watch watch;
	struct init init; /* init.agent 0: none */
	struct guard_counts counts;
	char *status_kept; /* what status.json holds; owned */
	int epoll, signals, timer;
	bool ended;
	int status;
};

int64_t guard_now(void); /* milliseconds, only forward */

/* What was needed to make the regime goes back to the system: it is in force for weeks. */
void guard_rest(struct guard *guard);

/* guard_dns.c */

/* Starts a forwarder and hands it what it serves with; it says when it is ready. */
int guard_forward_start(struct guard *guard, struct error *err) MUST_CHECK;
/* Waits for that, at the start only. */
int guard_forward_await(struct guard *guard, struct error *err) MUST_CHECK;
/* Something lies in its socket. */
void guard_forward_read(struct guard *guard);
/* It has ended, or must: kills it and decides when the next one starts. */
void guard_forward_failed(struct guard *guard, const char *why);
/* Twice a second. */
void guard_forward_tick(struct guard *guard);

/* guard_names.c */

/* What the files say about names, before the agent can write to them. */
int guard_read_names(struct guard *guard, struct error *err) MUST_CHECK;
/* The names that Docker does not know itself it asks of servers that old engines do not tell. Finds
 * them behind the fence that redirects the question, into `site`. True when there are any. */
bool guard_find_upstreams(const struct guard *guard, struct site *site);

/* guard_reload.c */

void regime_free(struct regime *regime);
DEFINE_FREEP(regime)

/* What a fence of this regime holds of the leases at this moment; free with release. */
struct guard_learned {
	struct ruleset_guard guard;
	struct lease_ops live, lapsed;
};
int guard_learned_make(const struct guard *guard, struct leases *leases,
		       struct guard_learned *ret, struct error *err) MUST_CHECK;
void guard_learned_release(struct guard_learned *learned);

/* The permission of a name that somebody asks for, be it through a search domain: *ret_host is what
 * the policy calls it. */
void guard_permission(const struct guard *guard, const struct regime *regime,
		      const char *host, struct permission *ret, const char **ret_host);

/* From now on the policy's files are watched. */
void guard_watch(struct guard *guard);
/* Reads the policy anew and puts it in place; -1: the old one holds, and why was said. */
int guard_reload(struct guard *guard, struct error *err);
/* The table is gone, or not as it was left: puts the same fence up again. */
int guard_raise_again(struct guard *guard, struct error *err) MUST_CHECK;
/* Twice a second: puts it up again when somebody took it away whole, where we could not hold it. No
 * question tells, because none is redirected any more. */
void guard_miss_fence(struct guard *guard);

/* guard_status.c */

/* One JSON object; `names`: with every lease. To a file descriptor. */
int guard_status_write(struct guard *guard, bool names, int fd, struct error *err)
	MUST_CHECK;
/* status.json for the agent, when something has changed. */
void guard_status_keep(struct guard *guard);
