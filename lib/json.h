#pragma once

#include <jansson.h>
#include <stdbool.h>

/* jansson builds and prints without what it had no memory for, and many of its calls are made without
 * a look at each: what failed is known at the end. */

/* From now on failures are noted: before anything else is asked of jansson. */
void json_watch(void);

/* Has an allocation of jansson's failed since this was asked last? */
bool json_starved(void);

/* The same is said of what was to be kept of a value. */
void json_starve(void);

/* As json_dumps(), and NULL also when `value` is not what was to be built. Takes `value`. */
char *json_print(json_t *value, size_t flags);
