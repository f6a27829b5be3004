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
	size_t length, limit;
};

/* 1: nothing can be kept (a read-only /run, something else at that place), err says why; nothing
 * depends on it. */
int record_open(struct record *ret, struct error *err) MUST_CHECK;
void record_close(struct record *record);
/* One line, without its end. What does not fit on the disk is lost. */
void record_add(struct record *record, const char *line, size_t length);

/* For whoever reads, no privilege needed: both files, the old one first, whole lines only, each once
 * even while they move. 1: there is none; -1: what is there is not root's. */
int record_read(struct buf *ret, struct error *err) MUST_CHECK;

/* For whoever follows: whole lines that came since the last call (the first call: nothing of what is
 * there), in order, each once, also when they have moved meanwhile; lines that moved twice between
 * two calls are missed. Starts as { .fd = -1 }. -1: what is there is not root's. */
#define RECORD_MARK 64u
struct record_tail {
	int fd;
	bool started;
	size_t offset;
	/* What the file began with: when it begins with something else, it was cut to nothing. */
	char mark[RECORD_MARK];
	size_t mark_length;
};
int record_follow(struct record_tail *tail, struct buf *ret, struct error *err)
	MUST_CHECK;
void record_tail_release(struct record_tail *tail);
