#pragma once

#include "lib/seen.h"
#include "lib/suggest.h"

/* Names that were used become fewer lines: a preset whose names were all used, and wildcards. */

/* So many names below a domain, with the same ports, become a wildcard. */
#define FOLD_LEAST 3u
/* Wildcards of one domain: a policy allows a name by PERMIT_ENTRIES_MAX entries at the most. */
#define FOLD_MOST 8u

/* One line of the suggestion. */
struct line {
	struct seen seen;           /* `others` of a wildcard: its names */
	const struct preset *whole; /* the line is this preset */
	const struct preset *part;  /* the name is one of this preset's */
	size_t names;               /* that it stands for; 0: itself alone */
	bool folded;                /* another line says it */
};

struct lines {
	struct line *v; /* on the heap; those of sights first, in their order */
	size_t count, capacity;
	size_t used;    /* the first so many are names in use */
	bool wildcards; /* there is one */
};

/* False: out of memory. lines_release() is needed in either case. */
bool fold_lines(const struct suggestion *suggestion, const struct sights *sights,
		struct lines *ret);
void lines_release(struct lines *lines);
