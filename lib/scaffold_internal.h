#pragma once

#include <stdint.h>

#include "lib/entry.h"
#include "lib/presets.h"
#include "lib/scaffold.h"

/* Between scaffold.c (the markers, the text), scaffold_read.c (what files say) and scaffold_guess.c
 * (what is made of it). */

/* Why a line stands there; more reasons are dots. */
#define WHY_MAX 3u

struct why {
	const char *file; /* a marker's name, or an option */
	unsigned line;    /* 0: the file as such */
};

struct whys {
	struct why v[WHY_MAX];
	size_t count; /* those past the limit, too */
};

struct guess {
	const char *preset; /* or NULL, and this: */
	struct entry entry;
	bool open; /* else a comment */
	const char *remark;
	struct whys whys;
};

/* All that a person can be asked to read. */
#define GUESSES_MAX 64u

struct guesses {
	struct arena *arena;
	const struct preset *presets;
	size_t preset_count;
	struct guess v[GUESSES_MAX];
	size_t count;
	bool more;
	bool failed;          /* memory ran out */
	struct whys left_out; /* what no entry can name */
};

/* What a line of a file, or the file as such, is about. */
struct clue {
	const struct scaffold_marker *marker;
	struct why why;
};

void guess_preset(struct guesses *guesses, const char *name, bool open,
		  const struct why *why, const char *remark);

/* A host or an address; open if the file is the user's own. A preset that has it stands for it. */
void guess_host(struct guesses *guesses, const struct clue *clue, const char *host,
		size_t length, struct entry *ports);

/* What stands there cannot be guessed from. */
void guess_nothing(struct guesses *guesses, const struct clue *clue);

void scaffold_read(struct guesses *guesses, const struct scaffold_marker *marker,
		   const struct scaffold_found *found);
