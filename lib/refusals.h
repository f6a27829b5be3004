#pragma once

#include "lib/hash.h"
#include "lib/refusal.h"

/* What was refused lately, added up (refusal_same()). Pure: time is a parameter, milliseconds since
 * 1970. It says which rows are due to be written, each with what came since it was written last: a
 * new one at once, one that goes on less and less often, and never more than REFUSALS_RATE a second
 * in all. Bounded: the row that was last added to longest ago makes room; what it had not yet told
 * counts as lost. Rows that have been quiet for long are taken first, so that it stays small. A clock
 * that is set back does not silence it. Found by a keyed hash. */

#define REFUSALS_MAX 1024u
#define REFUSALS_RATE 50u /* rows in any second */
#define REFUSALS_TEXTS                                                                   \
	1024u /* bytes of one row: what does not fit is left out, further names first */
#define REFUSALS_AGAIN_MS 1000u /* a row is written again after that, twice that, ... */
#define REFUSALS_AGAIN_MAX_MS 60000u /* at the most */

struct refusals;
struct refusals *refusals_new(const uint8_t key[static HASH_KEY]) MUST_CHECK;
void refusals_free(struct refusals *refusals);
DEFINE_FREEP(refusals)

/* Adds refusal->count (1 for one packet), at refusal->time. Copies all texts; a row has those that came
 * last. What memory has no room for is lost. */
void refusals_add(struct refusals *refusals, const struct refusal *refusal);

/* The next row that is due at `now`; its count is what came since it was written last. Its texts are
 * borrowed until the next refusals_add(). False: none is. */
bool refusals_next(struct refusals *refusals, int64_t now, struct refusal *ret);
/* When a row may be due, not later than it is; -1: none until something is added. */
int64_t refusals_due(const struct refusals *refusals);
/* All rows with something untold, due or not: before the end. */
bool refusals_rest(struct refusals *refusals, struct refusal *ret);

struct refusals_totals {
	uint64_t counts[REFUSAL_REASONS]; /* ever */
	uint64_t lost;                    /* added, never told */
};
struct refusals_totals refusals_totals(const struct refusals *refusals);
