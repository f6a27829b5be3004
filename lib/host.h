#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

/* Host names as RFC 1123 and RFC 2181 have them: labels of 1-63 letters, digits, hyphens and
 * (seen in practice) underscores, no hyphen at a label's end, 253 bytes in all, the last label
 * not a number (it would be read as an address). A trailing dot is dropped, letters become
 * lower case. Other alphabets are written as A-labels (xn--...). */

#define HOST_MAX 253
#define HOST_TEXT (HOST_MAX + 1)

/* Fails with the reason; `out` is filled on success only. */
int host_normalise(const char *text, size_t length, char out[static HOST_TEXT],
		   struct error *err);

bool host_is_single_label(const char *host);

/* Is `host` a name below `domain` (at a label boundary, never itself)? Both normalised. */
bool host_is_below(const char *host, const char *domain);
