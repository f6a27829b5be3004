#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Finding the word that was meant: the number of letters added, left out, changed or swapped
 * with their neighbour between two words. A caller walks its known words:
 *	size_t distance = NEAR_NONE;
 *	for (...)
 *		if (near_better(text, length, words[i], &distance))
 *			meant = words[i];
 */

/* More than two slips are another word. */
#define NEAR_NONE 3

/* Is `word` nearer than *distance (and not wholly different)? Then *distance is updated. */
bool near_better(const char *text, size_t length, const char *word, size_t *distance);
