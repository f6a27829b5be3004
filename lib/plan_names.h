#pragma once

#include "lib/plan.h"

struct names;

/* What there is to say of a policy's names once the spans are known; part of plan_build().
 * Counts names and addresses, lists the skipped, warns of what is not opened and why;
 * ERROR_RESOLVE when a required name has no open address. `index`: NULL but where addresses are
 * learned. */
int plan_report_names(struct plan *plan, const struct policy *policy,
		      const struct answers *answers, const struct names *index,
		      struct notes *notes, struct error *err) MUST_CHECK;

/* The set an entry's ports are. */
int plan_entry_ports(const struct plan *plan, const struct entry *entry, portset *ret,
		     struct error *err) MUST_CHECK;
