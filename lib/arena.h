#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/macros.h"

/* Memory that lives and dies with one tree: a policy, its answers, a plan. Nothing inside is
 * freed alone. Blocks come zeroed and aligned for any type. NULL means that memory ran out or
 * that the arena's limit was reached; callers report ERROR_MEMORY. */

struct arena;

/* `limit` in bytes bounds what hostile input can make us hold; 0 means no bound. */
struct arena *arena_new(size_t limit) MUST_CHECK;
void arena_free(struct arena *arena);
DEFINE_FREEP(arena)

/* Was more asked for than its limit? What it did not give otherwise there was no memory for. */
bool arena_is_full(const struct arena *arena);

void *arena_alloc(struct arena *arena, size_t size) MUST_CHECK;
char *arena_strndup(struct arena *arena, const char *text, size_t length) MUST_CHECK;
char *arena_printf(struct arena *arena, const char *format, ...) MUST_CHECK PRINTF(2, 3);

/* A growing array on the heap: makes room for one more element of `size` bytes behind `count`.
 * *array may move. False when memory ran out; the array is untouched then. Free with free(). */
bool array_grow(void *array, size_t *capacity, size_t count, size_t size) MUST_CHECK;
