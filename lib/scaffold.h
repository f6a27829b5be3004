#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/error.h"

/* A first policy for a project's .ccpod.yml, guessed from the files that lie in it. Files that tell which
 * tools are used open a preset, and so do the user's own remotes. What files of the repository name
 * beside that is a stranger's wish: it becomes a comment, for a person to open. Of a file nothing is
 * told but hosts, ports and line numbers; above all no user, password or token. Pure: somebody else
 * looks for the files (entrypoint/verb_init.c). */

struct scaffold_marker {
	const char *name;       /* a path, or with '*' a pattern of names */
	const char *presets[2]; /* what it opens */
	const char *perhaps;    /* a preset to think about, as `remark` says */
	const char *remark; /* without a preset: what there is to say when it is found */
	/* Of a file that is read: lines "key = URL", where `keys` and the heads of sections are
	 * words with blanks between them (NULL: any section), or as compose has it. */
	const char *keys, *sections;
	bool compose;
	bool git; /* "user@host:path", too, is a URL */
	bool own; /* the user's, not the repository's */
};

#define SCAFFOLD_MARKERS 39u
extern const struct scaffold_marker scaffold_markers[SCAFFOLD_MARKERS];

bool scaffold_is_read(const struct scaffold_marker *marker);

/* Larger files are not worth reading. */
#define SCAFFOLD_BYTES (1u << 20)

struct scaffold_found {
	bool there;
	const char *bytes; /* of those that are read; NULL: they could not be */
	size_t length;
};

/* `agent`: claude, codex or none, else ERROR_USAGE. `found` tells of each marker. What is printed was
 * read back: `netpale check` has nothing to say of it. ERROR_POLICY if it had. */
int scaffold_print(const char *agent,
		   const struct scaffold_found found[static SCAFFOLD_MARKERS],
		   struct arena *arena, struct buf *out, struct error *err) MUST_CHECK;
