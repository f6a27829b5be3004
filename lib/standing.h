#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

/* What the table holds before a new fence comes: names only. They are borrowed from the
 * dump. */

struct standing_set {
	const char *name;
	bool used;      /* a rule mentions it; else it can go at once */
	bool anonymous; /* goes with its rule */
};

struct standing {
	struct standing_set *sets;
	size_t set_count, set_capacity;
	const char **chains;
	size_t chain_count, chain_capacity;
};

int standing_read(struct standing *standing, const void *dump, size_t length,
		  struct error *err) MUST_CHECK;
void standing_release(struct standing *standing);
bool standing_uses(const struct standing *standing, const char *set);
