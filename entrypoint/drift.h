#pragma once

#include "entrypoint/state.h"
#include "lib/findings.h"

/* What `verify` looks at by itself: does the kernel still hold the fence that was applied, does it
 * hold, what do others do around it, and what could undo it. */

#define DRIFT_MAX 8

struct drift {
	struct findings findings;
	const char *checked[DRIFT_MAX]; /* what was looked at */
	size_t checked_count;
	const char *unchecked[DRIFT_MAX]; /* what could not be, and why; in the arena */
	size_t unchecked_count;
};

/* `state` NULL: nothing is in force. Whoever may not read tables looks at the rest. */
int drift_look(const struct state *state, struct arena *arena, struct drift *drift,
	       struct error *err) MUST_CHECK;

void drift_checked(struct drift *drift, const char *what);
