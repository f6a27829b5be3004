#pragma once

#include "lib/arena.h"
#include "lib/error.h"
#include "lib/hash.h"
#include "lib/refusal.h"

/* What a record holds (lines of refusal.h's JSON), added up: one row for all that was refused in the
 * same way, what came last at the end. Pure. What is no such line is skipped. */

struct refusal_list {
	struct refusal *v;
	size_t count;
	uint64_t lost; /* refused, and not recorded */
	int64_t lost_time;
};

/* Rows whose last one came at `since` or later count, and only what came then. Texts live in the
 * arena. `key`: random, of the hash that finds rows. */
int refusal_list_read(struct refusal_list *ret, const char *text, size_t length,
		      int64_t since, const uint8_t key[static HASH_KEY],
		      struct arena *arena, struct error *err) MUST_CHECK;
void refusal_list_release(struct refusal_list *list);
