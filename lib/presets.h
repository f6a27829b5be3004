#pragma once

#include <stddef.h>

#include "lib/entry.h"

/* The built-in groups of config/presets.yml: parsed from the text linked into the binary when
 * one is first asked for in a layer. */

struct preset {
	const char *name;
	const char *about;           /* one line */
	const struct entry *entries; /* `required` marks what is essential */
	size_t count;
};

struct presets;

/* Parses the built-in text; a fault in it is a programming error caught by the unit test. The
 * result lives in `arena`. */
int presets_load(struct arena *arena, const struct preset **ret, size_t *ret_count,
		 struct error *err) MUST_CHECK;

/* NULL when there is none; then *ret_nearest is the nearest known name or NULL. */
const struct preset *presets_find(const struct preset *presets, size_t count,
				  const char *name, const char **ret_nearest);
