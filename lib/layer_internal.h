#pragma once

#include "lib/fields.h"
#include "lib/layer.h"

/* Between layer.c (single values), layer_entries.c (allow and deny) and layer_yaml.c (a whole
 * text): each adds its fault to `notes` and returns -1 then. `text` need not be terminated. */

/* One entry in string form, "preset:NAME" included. */
int layer_add_text(struct layer *layer, bool deny, const char *text, size_t length,
		   const struct origin *at, struct arena *arena, struct notes *notes);

/* All entries of a preset; `required`: those it marks as essential must resolve. */
int layer_add_preset(struct layer *layer, bool deny, const char *name, size_t length,
		     bool required, const struct origin *at, struct arena *arena,
		     struct notes *notes);

/* One finished entry. */
int layer_push(struct layer *layer, const struct entry *entry, struct notes *notes);

/* The list `node` is the value of; its faults are noted. */
void layer_read_entries(struct layer *layer, const struct fields *fields,
			const struct node *node, const char *key, bool deny);

int layer_set_merge(struct layer *layer, const char *text, const struct origin *at,
		    struct notes *notes);
