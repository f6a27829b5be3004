#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/error.h"

/* /run/netpale/refused.jsonl, what was refused, a line each (refusal.h), readable by all and written
 * by root's netpale alone. When it has RECORD_BYTES, what is in it moves to refused.old.jsonl in place
 * of what was there. Both are opened before privileges are given up and written afterwards by who has
 * none, so nothing is renamed: the lines are copied over and the file is cut to nothing. A new start
 * continues them. */

#define RECORD_FILE "refused.jsonl"
#define RECORD_OLD_FILE "refused.old.jsonl"
#define RECORD_BYTES (1u << 20)
#define RECORD_FDS 2u

struct record {
	int fds[RECORD_FDS]; /* the file, the old one; -1: nothing is kept */
	size_t length;
};

/* 1: nothing can be kept (a read-only /run), err says why; nothing depends on it. */
int record_open(struct record *ret, struct error *err) MUST_CHECK;
void record_close(struct record *record);
/* One line, without its end. What does not fit on the disk is lost. */
void record_add(struct record *record, const char *line, size_t length);

/* For whoever reads: both files, the old one first, without a line that is cut. 1: there is none. */
int record_read(struct buf *ret, struct error *err) MUST_CHECK;

/* For whoever follows: what was added since the last call (the first call: nothing of what is there).
 * A file that became shorter begins anew; a cut line waits for its rest. Starts as { .fd = -1 }. */
struct record_tail {
	int fd;
	size_t offset;
	struct buf rest; /* of a line */
};
int record_follow(struct record_tail *tail, struct buf *ret, struct error *err)
	MUST_CHECK;
void record_tail_release(struct record_tail *tail);
