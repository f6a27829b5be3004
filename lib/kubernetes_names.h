#pragma once

#include "lib/plan.h"

/* The names that a policy lets out, as Cilium can have them: a list of allowed ones, each exact or all
 * below a domain, without a deny. */

struct kubernetes_name {
	const char *host; /* borrowed from the policy */
	bool below;       /* the names below it, not itself */
	portset ports;    /* none of an entry with `private: true`: see below */
	const struct entry *entry;
};

struct kubernetes_names {
	struct kubernetes_name *v; /* sorted by host and below, without duplicates */
	size_t count;
};

/* What names.h says of each; an entry that a deny overrules whole is left out, ERROR_POLICY where one
 * takes away a part of it. With `private: true` a name opens nothing, and that is a note: Cilium opens
 * whatever addresses a name has, and its denies, which keep the others from private ones, beat every
 * allow. Sets are made in plan->portsets. In modes full, where names open nothing more, and none: none. */
int kubernetes_names_collect(const struct policy *policy, const struct plan *plan,
			     struct notes *notes, struct kubernetes_names *ret,
			     struct error *err) MUST_CHECK;
void kubernetes_names_release(struct kubernetes_names *names);

/* Puts those with equal ports together. */
void kubernetes_names_group(struct kubernetes_names *names, const struct plan *plan);
