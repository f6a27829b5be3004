#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/layer.h"

/* A policy is what people wrote: the layers merged, each entry knowing its origins. DESIGN §3
 * "Merging", "Modes". A plain value, read many times; it lives in the layers it was merged
 * from and in their arena. */

struct policy {
	enum mode mode;
	struct origin mode_origin;
	enum stance dns;
	struct origin dns_origin; /* of what chose guarded, where nobody said a stance */
	enum trust_project trust;
	/* Never OPENING_UNSET: open in full by default. */
	struct opening inbound;
	/* OPENING_UNSET in mode full when nobody says anything: the gateway is an address as
	 * any; else closed by default. */
	struct opening host_gateway;
	struct entry *entries; /* layer order; one with `same` set is a repetition */
	size_t count;
	size_t project_added; /* entries that only the project's allow has */
	bool project_read;    /* a project layer took part */
};

/* How far the operator's layers trust a project: TRUST_IGNORE means that its file need not
 * even be read. Never TRUST_UNSET. */
enum trust_project policy_trust(struct layer *const layers[static LAYER_COUNT]);

/* `layers` weakest first (profile, project, environment, flags), NULL where a source has
 * nothing. Fails with ERROR_NO_POLICY where none of them says policy, allow or deny, else
 * with ERROR_POLICY: a project alone that would leave itself unfenced (full, audit, or
 * nothing but deny); override not permitted; override without policy; a wildcard or a deny
 * of a name beside another stance than guarded, but for a project's wildcard against the
 * operator's stance, which is left out. Warnings (what a
 * project asked for and did not get) go to `notes`. The layers are used up: the entries are
 * brought together in one of them, without a second copy of 100,000 of them, and released with
 * them. */
int policy_merge(struct layer *const layers[static LAYER_COUNT], struct arena *arena,
		 struct notes *notes, struct policy *ret, struct error *err) MUST_CHECK;

/* Must somebody stay who answers DNS? With dns: guarded, but not where there is no DNS. */
bool policy_needs_guard(const struct policy *policy);

/* The distinct names whose addresses can make a difference in this mode, sorted; with dns: guarded
 * those that are required, as the others are asked for when the agent does. In `arena`. */
int policy_names(const struct policy *policy, struct arena *arena,
		 const char *const **ret, size_t *ret_count, struct error *err)
	MUST_CHECK;

/* YAML that, read as a profile, is the same policy again but for who said what; origins (and
 * the project's entries) are marked in comments. Or JSON: {"version": 1, ...}. */
struct buf;
void policy_print(const struct policy *policy, struct buf *out);
/* Of that its `allow` or its `deny` without what only a project says; false: nothing, there is none. */
bool policy_print_operator(const struct policy *policy, bool deny, struct buf *out);
int policy_print_json(const struct policy *policy, struct buf *out);
