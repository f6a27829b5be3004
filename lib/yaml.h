#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/origin.h"

/* YAML text -> a compact tree, by libyaml's events. Nothing here knows what a policy is.
 * Aliases stay what they are, pointers to the anchored node, and are never expanded; how much
 * they would expand to is counted and bounded. */

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP, NODE_ALIAS };

struct node {
	struct node *next; /* in the same list or map */
	uint32_t line;
	uint16_t column; /* the last one stands for all behind it */
	uint8_t kind;    /* enum node_kind */
	bool plain : 1;  /* a scalar without quotes */
	bool cut : 1;    /* a list or map that a fault ended: its rest is missing */
	union {
		struct {
			const char
				*text; /* terminated; "\0" in quotes puts a NUL inside */
			uint32_t length;
		};
		struct {
			struct node *first; /* of a map: key, value, key, value... */
			uint32_t count;     /* of a map: keys and values */
			uint32_t weight;    /* bytes when written out without aliases */
		};
		const struct node *target;
	};
};

/* Limits. A tree of plain entries takes about 48 bytes for each. */
#define YAML_DEPTH 32
#define YAML_TREE_BYTES (24u << 20)
#define YAML_EXPANSION (8u << 20)

/* The tree of the one document in `bytes`, in `arena` (made by the caller with
 * YAML_TREE_BYTES as its limit); NULL for an empty one. Every fault goes to `notes`; what
 * stood before it is returned, so that its other faults can be told too. */
const struct node *yaml_read(const char *bytes, size_t length, const char *source,
			     struct arena *arena, struct notes *notes);

/* What an alias stands for; anything else itself. */
const struct node *node_value(const struct node *node);

/* An empty plain scalar, "~" or "null". */
bool node_is_null(const struct node *node);

/* Is the scalar this text? */
bool node_is(const struct node *node, const char *text);

/* "a list", "nothing", "'text'", "'text' in quotes" for messages; returns `out`. */
#define NODE_SHOWN 100
char *node_describe(const struct node *node, char out[static NODE_SHOWN]);
