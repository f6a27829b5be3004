#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/portset.h"
#include "lib/yaml.h"

/* Taking values out of a tree: keys of a map, words, booleans, ports. Nothing stops at a
 * fault: each is noted with its place, its text and what was expected. */

struct fields {
	const char *source;
	struct arena *arena;
	struct notes *notes;
};

/* The keys a map may have. */
struct keys {
	const char *where; /* "network" */
	const char *const *names;
	size_t count;
	bool open; /* other keys are somebody else's: no fault */
};

struct origin fields_origin(const struct fields *fields, const struct node *node);

/* "KEY: expected EXPECTED, not 'text'" */
void fields_wrong(const struct fields *fields, const struct node *node, const char *key,
		  const char *expected);

/* "unknown key 'text' in WHERE; did you mean KEY?" */
void fields_unknown_key(const struct fields *fields, const struct keys *keys,
			const struct node *key);

/* The value of each known key, in the order of keys; NULL where it is not given. */
void fields_collect(const struct fields *fields, const struct node *map,
		    const struct keys *keys, const struct node **values);

/* NULL after a note. */
const char *fields_text(const struct fields *fields, const struct node *node,
			const char *key, const char *expected);

/* False after a note; *ret is filled on success only. Ports come normalised, in the arena. */
bool fields_bool(const struct fields *fields, const struct node *node, const char *key,
		 bool *ret);
bool fields_ports(const struct fields *fields, const struct node *node, const char *key,
		  const struct port_range **ret, size_t *ret_count);

/* Types of records (entry.h), a list of them or one. */
bool fields_types(const struct fields *fields, const struct node *node, const char *key,
		  uint8_t *ret);
