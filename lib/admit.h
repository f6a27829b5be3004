#pragma once

#include <stdbool.h>

#include "lib/addr.h"
#include "lib/entry.h"
#include "lib/site.h"

/* May this entry open this address that DNS gave for `host`, a name it allows? Whoever answers for
 * a name could point it at the container's host, its neighbours or a metadata service. */

enum admission {
	ADMIT,
	REFUSE_PRIVATE,
	REFUSE_SPECIAL, /* loopback, link-local, metadata and the like: whatever the entry says */
	REFUSE_GATEWAY,
	REFUSE_OWN, /* needs no opening: it is reached through loopback */
};

enum admission admit(const struct entry *entry, const char *host, const struct addr *addr,
		     const struct site *site);

/* The same of the entry's own name; it becomes `private: true` where it must. */
bool admit_somehow(struct entry *entry, const struct addr *addr, const struct site *site);

/* What can be done about it, for a message: static text. */
const char *admission_cure(enum admission admission);
