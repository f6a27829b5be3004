#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/dnsmsg.h"
#include "lib/hash.h"

/* Answers that were told, to be told again while their time lasts, as RFC 1034 §3.6 has it of every
 * cache: with what is left of their TTL. The guard says for how long each may be (message.h), because
 * that long its addresses stay open. Pure: time is a parameter, milliseconds of any clock that only
 * goes forward.
 *
 * Bounded: at most TOLD_MAX answers of at most TOLD_BYTES, the oldest makes room. Found by a keyed
 * hash: nobody can choose names so that it becomes slow. */

#define TOLD_MAX 16384u
#define TOLD_BYTES 512u

struct told;

/* `key`: random bytes that nobody else knows. NULL: no memory. */
struct told *told_new(const uint8_t key[static HASH_KEY]) MUST_CHECK;
void told_free(struct told *told);

/* In place of what was told for `host` (normalised) and `type` before. Without memory, or when it is too
 * long, nothing is kept. */
void told_keep(struct told *told, const char *host, uint16_t type,
	       const struct dnsmsg_kept *kept, int64_t until, int64_t now);

/* False when there is none, or less than a second is left of it; else *ret_ttl. Borrowed until something
 * changes. */
bool told_find(struct told *told, const char *host, uint16_t type, int64_t now,
	       struct dnsmsg_kept *ret, uint32_t *ret_ttl);

/* All of them. */
void told_forget(struct told *told);
