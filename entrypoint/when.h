#pragma once

#include <stdint.h>

#include "lib/error.h"

/* Points in time, milliseconds since 1970, as people write and read them: in UTC, as containers have it
 * and JSON does. The C library's time zones would make the binary 100 KB larger. */

/* When did it begin: so long ago ("90s", "10m", "2h", "1d"), or a time as the log prints it:
 * "2026-11-21 16:43:27", "16:43" of today, "2026-11-21T16:43:27.120Z"; seconds may be missing, and the
 * whole time of day. ERROR_USAGE. */
int when_parse(const char *text, int64_t now, int64_t *ret, struct error *err) MUST_CHECK;

/* "2026-11-21 16:43:27". */
#define WHEN_TEXT 20
char *when_format(int64_t time, char out[static WHEN_TEXT]);
