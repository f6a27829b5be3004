#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"

/* Where a thing was written, and what there is to say about it. */

struct origin {
	/* A path, "NETPALE_ALLOW", "--allow", "CCPOD_ALLOWED_HOSTS". */
	const char *source;
	unsigned line, column; /* from 1; 0: the source has no lines */
};

/* Room enough for a path's tail and two numbers. */
#define ORIGIN_TEXT 320

/* "policy.yml:7" (the column is for errors only), or the source alone; escaped. */
char *origin_format(const struct origin *origin, char out[static ORIGIN_TEXT]);

enum note_level {
	NOTE_ERROR,   /* the text is not accepted */
	NOTE_WARNING, /* accepted; the operator should know */
	NOTE_INFO,
};

struct note {
	enum note_level level;
	struct origin at;
	const char *text;
};

/* What is collected while a text is read, so that all faults of a file are told at once.
 * lib/ never prints them; whoever asked does. */
struct notes {
	struct arena *arena; /* holds the texts; owned */
	struct note *v;
	size_t count, capacity;
	size_t errors;      /* counted past the limit too */
	bool out_of_memory; /* a note was lost: treat as an error */
};

/* More errors than this are only counted, more warnings are dropped. */
#define NOTES_MAX 100

void notes_add(struct notes *notes, enum note_level level, const struct origin *at,
	       const char *format, ...) PRINTF(4, 5);
void notes_release(struct notes *notes);

/* "file:line:column: text" (a source without lines: "source: text"). */
struct buf;
void note_print(const struct note *note, struct buf *out);
