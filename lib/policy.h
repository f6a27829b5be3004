#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/layer.h"

/* A policy is what people wrote: the layers merged, each entry knowing its origins. DESIGN §3
 * "Merging", "Modes". A plain value: read many times, freed with its arena. */

struct policy {
	enum mode mode;              struct origin mode_origin;
	enum stance dns;             struct origin dns_origin;
	enum trust_project trust;
	struct opening inbound, host_gateway;
	struct entry *entries;       /* layer order; one with `same` set is a repetition */
	size_t count;
	size_t project_added;        /* entries that came from the project's allow */
	bool project_read;           /* a project layer took part */
};

/* `layers` weakest first (profile, project, environment, flags), NULL where a source has
 * nothing. Fails with ERROR_POLICY: no policy at all; a project alone that says full; override
 * not permitted; override without policy; wildcards or guarded (needs the guard); a wildcard
 * with another stance. Warnings (what a project asked for and did not get) go to `notes`.
 * The result borrows the layers' strings; its own memory is in `arena`. */
int policy_merge(const struct layer *const layers[static LAYER_COUNT], struct arena *arena,
		 struct notes *notes, struct policy *ret, struct error *err) MUST_CHECK;

/* The distinct names to resolve, sorted. In `arena`. */
int policy_names(const struct policy *policy, struct arena *arena, const char *const **ret,
		 size_t *ret_count, struct error *err) MUST_CHECK;

/* YAML that parses to the same policy again, origins in comments; or JSON. */
struct buf;
void policy_print(const struct policy *policy, struct buf *out);
int policy_print_json(const struct policy *policy, struct buf *out);
