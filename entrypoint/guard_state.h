#pragma once

#include <stdint.h>

#include "entrypoint/control.h"
#include "entrypoint/guard.h"
#include "entrypoint/init.h"
#include "entrypoint/recorder.h"
#include "entrypoint/sockets.h"
#include "entrypoint/watch.h"
#include "entrypoint/worker.h"
#include "lib/clock.h"
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
 *	guard_refusals.c what is refused, and who asked
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

/* An allowed question whose asker is looked for when its verdict is on the way. */
struct late_ask {
	char host[HOST_TEXT];
	uint16_t port;
	bool stream;
};
#define LATE_MAX 16

struct guard_record {
	struct recorder *recorder;
	int64_t due; /* when recorder_write() is; -1: when something has come */
	pid_t asked_last;
	int64_t lookups_since;
	unsigned lookups; /* since then */
	struct late_ask late[LATE_MAX];
	size_t late_count;
};

struct guard_counts {
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
	struct guard_record record;

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
	bool lost;   /* something that was said to the forwarder */
	bool unsure; /* the kernel may hold another fence than the regime's */
	bool ended;
	int status;
};

/* What was needed to make the regime goes back to the system: it is in force for weeks. */
void guard_rest(struct guard *guard);

/* guard_dns.c */

/* Starts a forwarder and hands it what it serves with; it says when it is ready. */
int guard_forward_start(struct guard *guard, struct error *err) MUST_CHECK;
/* Waits for that, at the start only. */
int guard_forward_await(struct guard *guard, struct error *err) MUST_CHECK;
/* Something lies in its socket. */
void guard_forward_read(struct guard *guard);
/* What may be told has changed: the forwarder tells nothing again without asking. */
void guard_forward_forget(struct guard *guard);
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

/* guard_refusals.c */

/* Before the guard gives anything up. */
int guard_record_open(struct guard *guard, struct error *err) MUST_CHECK;
/* Something lies in the kernel's log. */
void guard_record_packets(struct guard *guard);
/* A question that does not go out, or does in mode audit alone. To be called before its verdict is
 * sent: while the client waits, it can be told who it is. */
void guard_record_question(struct guard *guard, const struct message *ask,
			   enum refusal_reason reason, const struct entry *entry,
			   bool audit);
/* An address of an answer that is not told, or is in mode audit alone. `entry`: that allows the name. */
void guard_record_answer(struct guard *guard, const struct message *said,
			 enum refusal_reason reason, const struct addr *addr,
			 const struct entry *entry, bool audit);
/* A question that goes out; guard_find_askers() looks who asks, when nobody waits for a verdict. */
void guard_note_asker(struct guard *guard, const struct message *ask);
void guard_find_askers(struct guard *guard);
/* What was told of a name. */
void guard_note_answer(struct guard *guard, const char *host, const struct message *told);
/* Writes what is due. For how long to wait then, as epoll_wait() takes it. */
int guard_record_write(struct guard *guard);
/* What lies there still, and all that was not written yet. */
void guard_record_end(struct guard *guard);

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
 * question tells, because none is redirected any more. And when a reload has failed half-way and could
 * not be taken back at once: nothing is learned until then. */
void guard_miss_fence(struct guard *guard);

/* guard_status.c */

/* One JSON object; `names`: with every lease. To a file descriptor. */
int guard_status_write(struct guard *guard, bool names, int fd, struct error *err)
	MUST_CHECK;
/* status.json for the agent, when something has changed. */
void guard_status_keep(struct guard *guard);
