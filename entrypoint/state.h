#pragma once

#include <stdbool.h>

#include "lib/answers.h"
#include "lib/buf.h"
#include "lib/plan.h"

/* What is in force, kept in /run/netpale for `verify`, `explain` and `exec`: root's files,
 * readable by all (the agent may know what it is behind). Each is replaced by rename, so a
 * reader never sees half of one. On a read-only /run nothing is kept. */

#define STATE_DIRECTORY "/run/netpale"

struct state {
	enum mode mode;
	bool fenced;
	struct addr refused[2]; /* the canary's destinations, IPv4 and IPv6 */
	bool has_refused[2];
	struct buf sent;        /* the ruleset's messages, for readback_compare() */
	struct buf entries;     /* the policy's lines, for entries_find(); may be empty */
	struct answers answers; /* in the arena given */
};

/* One netpale changes the fence at a time. The next one waits a while, but not for ever: the agent
 * can stop its own `sudo netpale apply`. *ret is to be closed; -1 where nothing is kept, and then
 * nobody waits. */
int state_lock(int *ret, struct error *err) MUST_CHECK;
void state_unlockp(const int *lock);

/* Makes sure of the directory: its descriptor, or -1 when it is not root's alone. */
int state_directory(struct error *err) MUST_CHECK;

/* 0 kept; 1 could not be kept (err says why; the fence holds all the same). */
int state_write(const struct plan *plan, const struct answers *answers,
		const struct buf *entries, const struct buf *sent, struct error *err)
	MUST_CHECK;

/* What the guard tells the agent: status.json, one line. As state_write(). */
int state_write_status(const char *text, struct error *err) MUST_CHECK;
/* The same, for whoever asks; 1: there is none. */
int state_read_status(struct buf *ret, struct error *err) MUST_CHECK;

/* 0; 1: nothing is kept there, or the directory is not root's alone; -1. Files that are not root's are
 * refused. */
int state_read(struct arena *arena, struct state *ret, struct error *err) MUST_CHECK;
void state_release(struct state *state);
