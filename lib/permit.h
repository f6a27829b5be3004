#pragma once

#include <stdint.h>

#include "lib/admit.h"
#include "lib/plan.h"

/* Which names the guard lets out, and what their addresses open: the names of a policy, compiled.
 * Used with `dns: guarded` only; the addresses of a plan are fixed, those of names come later.
 *
 * For each name the operator's verdict O and the project's verdict P are those of their entries
 * that match it, the most specific first: the name itself, then ".x" and "*.x" by the length of x,
 * on a tie deny. O deny refuses; else P deny refuses (a project may tighten); else O or P allow
 * lets it out. In modes full and audit what nobody mentions is let out too, in none nothing.
 * An allow that a deny overrules opens nothing even where the name is let out: one that is no more
 * specific than a deny of its own trust, and a project's wherever a deny of the operator's matches.
 *
 * What an address of an allowed name opens is what plan.h says of names: the ports of every entry
 * that allows the name, where no deny covers them; an entry with `private: true` counts as a
 * literal host address. The result is a set of the plan's classes (plan->classes), never more than
 * the policy says. */

struct permit;

/* Borrows policy and plan, which must outlive it. */
int permit_build(const struct policy *policy, const struct plan *plan,
		 struct permit **ret, struct error *err) MUST_CHECK;
void permit_free(struct permit *permit);
DEFINE_FREEP(permit)

enum permit_verdict {
	PERMIT_ALLOWED,
	PERMIT_NO_ENTRY,
	PERMIT_DENIED, /* by an entry */
};

/* Allowing entries of one name that count; a policy with more of them for one name is an error of
 * permit_build(). */
#define PERMIT_ENTRIES_MAX 16

struct permission {
	enum permit_verdict verdict;
	/* ALLOWED: the most specific that allows it, NULL where the mode alone does. DENIED: the
	 * entry that denies it. */
	const struct entry *entry;
	/* ALLOWED: no entry names it exactly (".x" names x), so whoever asks chooses the text that leaves:
	 * what limits tunnels counts it, by `entry`. */
	bool chosen;
	uint8_t types; /* ALLOWED: what may be asked besides addresses (entry.h) */
	const struct entry *entries[PERMIT_ENTRIES_MAX]; /* all that allow it */
	size_t count;
};

/* `host` normalised (host.h). */
void permit_ask(const struct permit *permit, const char *host, struct permission *ret);

/* What an address that DNS gave for `host` opens under `permission`: bit i is plan->classes[i]. */
struct grant {
	uint32_t classes;
	/* It opens something, or the plan opens the address anyway, as the container's own. */
	bool justified;
	bool admitted; /* the address may be told: that, or mode audit */
	enum admission
		why; /* not admitted: why; ADMIT when a deny cut all of its ports */
};
int permit_grant(const struct permit *permit, const char *host,
		 const struct permission *permission, const struct addr *addr,
		 struct grant *ret, struct error *err) MUST_CHECK;
