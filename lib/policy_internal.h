#pragma once

#include "lib/policy.h"

/* What the files of merging share: policy.c the scalars, policy_openings.c inbound and
 * host_gateway, policy_entries.c allow and deny. */

struct merger {
	struct layer *layers[LAYER_COUNT]; /* those that take part */
	bool relaxing;                     /* trust_project: override */
	struct notes *notes;
	struct policy *policy;
};

/* "KEY: WANTED is looser than KEPT (PLACE) and a project may only tighten; HOLDS holds" */
void merger_note_withheld(const struct merger *merger, const char *key,
			  const char *wanted, const struct origin *wanted_at,
			  const char *kept, const struct origin *kept_at,
			  const char *holds);

/* Once the mode is known, on which the defaults depend. */
int merger_openings(struct merger *merger, struct arena *arena, struct error *err);

/* Brings them together in the layers' order, in the array of the first that has any, each with
 * its trust; what repeats an earlier one points to it. Fills entries, count, project_added. */
int policy_gather(struct layer *const layers[static LAYER_COUNT], struct notes *notes,
		  struct policy *policy, struct error *err);

/* A stranger's entry that covers a metadata address is worth a warning. */
void policy_note_metadata(const struct policy *policy, struct notes *notes);

/* So is a wildcard where anybody can have a name. */
void policy_note_zones(const struct policy *policy, struct notes *notes);

/* And `types` where no guard is. */
void policy_note_types(const struct policy *policy, struct notes *notes);

/* What only the guard can do chooses dns: guarded where nobody said otherwise, and fails where
 * somebody did. */
int policy_choose_guard(struct policy *policy, struct error *err);
