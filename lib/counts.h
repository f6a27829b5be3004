#pragma once

#include "lib/addr.h"
#include "lib/buf.h"

/* How many packets to a destination the fence has refused: the counters of its sets `refused4` and
 * `refused6`, which see every packet; the log sees only some. Pure. */

struct count {
	struct addr to;
	uint64_t packets;
	uint64_t
		seen; /* for the caller: so many of them are known otherwise; 0 at first */
};

struct counts {
	struct count *v;
	size_t count, capacity;
};

/* Of NEWSETELEM messages as a dump of both sets gives them; sorted by address. What has no counter, or
 * no address, is skipped. */
int counts_read(const void *bytes, size_t length, struct counts *ret, struct error *err)
	MUST_CHECK;
/* NULL: nothing was counted. */
struct count *counts_find(const struct counts *counts, const struct addr *to);
void counts_release(struct counts *counts);
