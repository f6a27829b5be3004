#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/addr.h"
#include "lib/arena.h"
#include "lib/error.h"
#include "lib/macros.h"

/* What `verify` has found: sentences, each of a kind that machines can tell apart. Texts are escaped:
 * names of tables and chains are whatever root wrote. */

struct finding {
	const char *kind;   /* "rule added": a constant */
	const char *text;   /* a sentence with the place in it, in the arena */
	const char *origin; /* the line of the policy that it is about, or NULL */
	/* Of an element: its set, and the addresses that it stands for. */
	const char *set;
	bool has_addrs;
	struct addr first, last;
};

/* More are only counted. */
#define FINDINGS_MAX 50u

struct findings {
	struct arena *arena; /* borrowed; holds the texts */
	struct finding v[FINDINGS_MAX];
	size_t count; /* in v */
	size_t total;
	bool failed; /* a text was lost for want of memory */
};

/* Escapes the sentence. The finding, to add to it; NULL when it was only counted. */
struct finding *findings_add(struct findings *findings, const char *kind,
			     const char *format, ...) PRINTF(3, 4);
