#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/hash.h"
#include "lib/refusal.h"

/* Which names led to an address lately, and who asked for them: what turns a refused address into
 * something a person knows. It opens nothing and decides nothing; the agent can put anything into it
 * by asking DNS. Pure; takes as much memory as is in it, bounded, the oldest goes first; found by a
 * keyed hash. */

#define RESOLVED_PAIRS 2048u /* names with one of their addresses */
#define RESOLVED_ANSWER 64u  /* addresses of one answer; the rest is not remembered */
#define RESOLVED_BYTES (512u << 10) /* of the pairs' names */
#define RESOLVED_ASKERS 1024u

struct resolved;
struct resolved *resolved_new(const uint8_t key[static HASH_KEY]) MUST_CHECK;
void resolved_free(struct resolved *resolved);
DEFINE_FREEP(resolved)

/* An answer for `name` (normalised) had these addresses. Without memory it is not remembered. */
void resolved_add(struct resolved *resolved, const char *name, const struct addr *addrs,
		  size_t count);
/* The names of an address, the latest answer's first; returns how many. More are not kept of one.
 * Borrowed until the next resolved_add(). */
size_t resolved_names(const struct resolved *resolved, const struct addr *addr,
		      const char *ret[static REFUSAL_NAMES]);

/* Who asked for a name. */
struct asker {
	bool has_uid;
	uint32_t uid;
	char program[REFUSAL_PROGRAM]; /* escaped; "": not known */
	int64_t time;                  /* when; of the caller's clock */
};
void resolved_asked(struct resolved *resolved, const char *name,
		    const struct asker *asker);
/* The last who did, or NULL. Borrowed until the next resolved_asked(). */
const struct asker *resolved_asker(const struct resolved *resolved, const char *name);
