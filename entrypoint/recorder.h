#pragma once

#include "lib/blame.h"
#include "lib/error.h"
#include "lib/refusals.h"

/* Whoever stays in front of the agent (the guard, or PID 1 without any privilege) records what is
 * refused: packets from the kernel's log, questions from the guard, added up, to
 * /run/netpale/refused.jsonl and, when asked for, to a descriptor. */

struct recorder;

/* Before privileges go. `to`: as --log was given: NULL, "stderr" (a line each for people), or the
 * number of an open descriptor (JSON, a line each), which then is ours and no child's. ERROR_USAGE: it
 * is no such thing. What else cannot be had (the log, the file) is said in a verbose line, and the
 * recorder does without. */
int recorder_open(const char *to, struct recorder **ret, struct error *err) MUST_CHECK;
void recorder_free(struct recorder *recorder);
DEFINE_FREEP(recorder)

/* What a drop must leave open (privileges.h). Returns how many. */
#define RECORDER_FDS 4u
size_t recorder_descriptors(const struct recorder *recorder,
			    int ret[static RECORDER_FDS]);

/* To wait for, readable; -1: there is no log. */
int recorder_fd(const struct recorder *recorder);

/* What DNS said, and who asked; the recorder owns it. */
struct resolved *recorder_resolved(struct recorder *recorder);

/* Something lies in the log. by->resolved is the recorder's own. */
void recorder_read(struct recorder *recorder, const struct blame *by);
/* From now on another policy is in `by`. */
void recorder_forget(struct recorder *recorder);
/* The guard refused a question; `refusal->time` is set here. */
void recorder_add(struct recorder *recorder, struct refusal *refusal);
/* Writes what is due. Milliseconds until it should be called again; -1: when something has come. */
int recorder_write(struct recorder *recorder);
/* Reads what lies in the log still, and writes everything that has not been told yet. Where nothing can be kept, and nobody asked for it
 * elsewhere, some lines on stderr. Before the end. */
void recorder_finish(struct recorder *recorder, const struct blame *by);

struct refusals_totals recorder_totals(const struct recorder *recorder);

/* What init_run() records with, as long as the agent runs. */
struct recording {
	struct recorder *recorder; /* NULL: nothing is */
	struct blame by;
};
