#pragma once

#include <stddef.h>

#include "lib/buf.h"
#include "lib/error.h"
#include "lib/findings.h"
#include "lib/ruleset.h"

/* Does what the kernel holds equal what was sent? Both sides are netlink messages: the
 * ones a ruleset carries (or that were kept in /run/netpale) and the ones a dump
 * returned. Pure. */

/* What the kernel returned for `inet netpale`: concatenated netlink messages, headers
 * included, of the GETTABLE, GETCHAIN, GETRULE, GETSET and GETSETELEM dumps (all sets),
 * in any order. */
struct dump {
	struct buf bytes;
};
static inline void dump_release(struct dump *dump)
{
	buf_release(&dump->bytes);
}

/* Each difference is a finding: "rule removed from chain egress, place 4: oifname \"lo\" accept",
 * "element removed from set allow4: 198.51.100.7", "chain output changed: policy accept, was drop". At
 * most READBACK_MAX are told, and all are counted. Counters, handles and dynamic set contents are not
 * compared. -1 only for a dump that cannot be parsed or memory. */
#define READBACK_MAX 20
int readback_compare(const void *sent, size_t sent_length, const void *dumped,
		     size_t dumped_length, struct findings *differences,
		     struct error *err) MUST_CHECK;
