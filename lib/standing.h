#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/* An enum's value, which older headers lack (Linux 6.9). */
#define TABLE_PERSIST 0x4u

/* What the table holds before a new fence comes: its flags, and what sets and chains it
 * has. Names are borrowed from the dump. */

struct standing_set {
	const char *name;
	bool used;      /* a rule mentions it; else it can go at once */
	bool anonymous; /* goes with its rule */
};

struct standing_chain {
	const char *name;
	const char *type; /* "filter"; NULL: on no hook */
	uint32_t hook;
	int32_t priority;
};

struct standing {
	bool stands;
	uint32_t flags; /* the table's: NFT_TABLE_F_* */
	struct standing_set *sets;
	size_t set_count, set_capacity;
	struct standing_chain *chains;
	size_t chain_count, chain_capacity;
};

int standing_read(struct standing *standing, const void *dump, size_t length,
		  struct error *err) MUST_CHECK;
void standing_release(struct standing *standing);
bool standing_uses(const struct standing *standing, const char *set);
