#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/* Sets of (protocol, port) pairs as sorted, disjoint, non-adjacent ranges on one line:
 * TCP ports at 0-65535, UDP ports at 65536-131071, every other protocol together at 131072.
 * Sets are interned in a table: equal sets have equal ids, so that 100,000 prefixes with the
 * same ports cost one set, and every operation is done once for each pair of ids. */

#define PORTSET_UDP 65536u
#define PORTSET_OTHER 131072u
#define PORTSET_LAST PORTSET_OTHER

typedef uint32_t portset; /* an id, valid in its table only */

/* The two ids every table knows. */
#define PORTSET_EMPTY 0u
#define PORTSET_WHOLE 1u
/* All but TCP and UDP 53 and 853: what an entry without ports opens (DESIGN: dns). */
#define PORTSET_ANY 2u

struct port_range {
	uint32_t first, last; /* on the line above, inclusive */
};

struct portsets;

/* The table holds at most PORTSETS_RANGES ranges in all (each set counts as one more), and the
 * work of all operations together has an end too; past either they fail with ERROR_POLICY,
 * "too many different port lists". That bounds time and memory whatever a policy says. */
#define PORTSETS_RANGES 1000000u

struct portsets *portsets_new(void) MUST_CHECK;
void portsets_free(struct portsets *table);
DEFINE_FREEP(portsets)

/* `ranges` lie on the line, first <= last; unsorted and overlapping ones are fine. 0, or -1
 * with err. */
int portset_make(struct portsets *table, const struct port_range *ranges, size_t count,
		 portset *ret, struct error *err) MUST_CHECK;
int portset_union(struct portsets *table, portset a, portset b, portset *ret,
		  struct error *err) MUST_CHECK;
int portset_minus(struct portsets *table, portset a, portset b, portset *ret,
		  struct error *err) MUST_CHECK;

/* Borrowed until the next call that makes a set. */
const struct port_range *portset_ranges(const struct portsets *table, portset id,
					size_t *ret_count);
bool portset_has(const struct portsets *table, portset id, uint32_t point);
/* a ⊇ b */
int portset_covers(struct portsets *table, portset a, portset b, bool *ret,
		   struct error *err) MUST_CHECK;
