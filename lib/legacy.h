#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/findings.h"

/* Rules of iptables-legacy, which nf_tables does not show: what neighbours_find() tells of tables, told
 * of these. Pure. */

#define LEGACY_HOOKS 5

struct legacy_table {
	const char *name; /* "mangle" */
	bool six;
	uint32_t valid_hooks;
	uint32_t underflow[LEGACY_HOOKS]; /* where the policies stand */
	const void *entries;              /* as the kernel gives them */
	size_t size;
};

/* False when the entries cannot be understood. */
bool legacy_find(const struct legacy_table *table, struct findings *findings) MUST_CHECK;
