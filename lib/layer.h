#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/entry.h"
#include "lib/error.h"
#include "lib/origin.h"

/* A layer is what one source says, before merging: the profile, the project's .ccpod.yml, the
 * environment, the flags. Every key knows whether and where it was given. */

enum layer_kind {
	LAYER_PROFILE,
	LAYER_PROJECT,
	LAYER_ENVIRONMENT,
	LAYER_FLAGS,
	LAYER_COUNT,
};

/* Ordered from loose to tight: a project may only go up. 0 is "not given". */
enum mode { MODE_UNSET, MODE_FULL, MODE_AUDIT, MODE_RESTRICTED, MODE_NONE };
enum stance { STANCE_UNSET, STANCE_RESOLVERS, STANCE_GUARDED, STANCE_PINNED };
enum trust_project {
	TRUST_UNSET,
	TRUST_EXTEND,
	TRUST_TIGHTEN,
	TRUST_IGNORE,
	TRUST_OVERRIDE
};
enum merge { MERGE_UNSET, MERGE_DEEP, MERGE_OVERRIDE };

/* `inbound` and `host_gateway`: closed, open, or some ports. */
enum opening_kind { OPENING_UNSET, OPENING_CLOSED, OPENING_PORTS, OPENING_OPEN };
struct opening {
	enum opening_kind kind;
	const struct port_range *ports;
	size_t port_count;
	struct origin origin;
};

struct layer {
	enum layer_kind kind;
	const char *source;
	bool has_network; /* a `network` block (or any variable or flag) was there */
	enum merge merge;
	struct origin merge_origin;
	enum mode mode;
	struct origin mode_origin;
	enum stance dns;
	struct origin dns_origin;
	enum trust_project trust;
	struct origin trust_origin;
	bool isolation;
	struct origin isolation_origin;
	struct opening inbound, host_gateway;
	bool has_allow, has_deny; /* the key was there, be its list empty */
	/* allow and deny, in the order written, presets expanded */
	struct entry *entries;
	size_t count, capacity;
	size_t names;                 /* among the entries */
	bool full;                    /* LAYER_ENTRIES was reached, and that was said */
	const struct preset *presets; /* loaded when the first is asked for */
	size_t preset_count;
};

/* Limits (DESIGN §3); how deep and how large a tree may be, see yaml.h. */
#define LAYER_BYTES (8u << 20)
#define LAYER_ENTRIES 200000u
#define LAYER_PROJECT_NAMES 1000u

void layer_init(struct layer *layer, enum layer_kind kind, const char *source);
void layer_release(struct layer *layer);

/* A policy text (YAML) -> layer. Everything wrong in it is added to `notes` with
 * file:line:column, all at once, in the order of the text; -1 with err (how many errors, or
 * memory) when there was one. Strings and entries' texts live in `arena`; `source` is borrowed.
 * Only `network`, `merge` and `isolation` are read at the top level. */
int layer_parse(struct layer *layer, const char *bytes, size_t length,
		struct arena *arena, struct notes *notes, struct error *err) MUST_CHECK;

/* The single values, for variables and flags: `text` as typed, `at` for errors. Each adds its
 * fault to `notes` and returns -1 then. layer_add_list takes entries, "preset:NAME" included,
 * separated by commas or blanks, and reports each fault. */
int layer_set_mode(struct layer *layer, const char *text, const struct origin *at,
		   struct notes *notes);
int layer_set_dns(struct layer *layer, const char *text, const struct origin *at,
		  struct notes *notes);
int layer_set_trust(struct layer *layer, const char *text, const struct origin *at,
		    struct notes *notes);
int layer_add_list(struct layer *layer, bool deny, const char *text,
		   const struct origin *at, struct arena *arena, struct notes *notes);

const char *mode_name(enum mode mode); /* "restricted" ... */
const char *stance_name(enum stance stance);
const char *trust_name(enum trust_project trust);
