#pragma once

#include <stdbool.h>
#include <time.h>

#include "entrypoint/fence.h"
#include "entrypoint/inputs.h"

/* What run, apply and guard do around raising a fence: reading and requiring before, warning and
 * the start line after. */

struct start {
	struct timespec began;
	struct options options; /* those that count: under sudo none; borrows the given */
};

/* The policy, and what may refuse before anything is changed. `drop`: an agent will be started as
 * `user`, whose eyes a project's file is read with in any case. After a failure the notes have been
 * said: they tell what is wrong. inputs_release() is needed in either case. */
int start_read(const struct options *given, const struct user *user, bool drop,
	       struct start *ret, struct inputs *inputs, struct error *err) MUST_CHECK;

/* After an attempt to raise the fence: the notes, and with a fence what the agent could change. */
void start_say_notes(const struct inputs *inputs, const struct user *user, bool fenced);

/* What no fence can make good. */
void start_warn(const struct user *user);

/* The start line; `user` NULL: no agent is started. */
void start_say(const struct start *start, const struct fence *fence,
	       const struct inputs *inputs, const struct user *user);
