#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A point in time, milliseconds since 1970, as ISO 8601 has it in UTC: "2026-11-21T16:43:27.120Z".
 * Pure: the C library's own functions look for the machine's time zone. */

#define TIMESTAMP_TEXT 25
#define TIMESTAMP_MAX INT64_C(253402300799999) /* the end of the year 9999 */

/* What lies before 1970 or behind TIMESTAMP_MAX becomes that. */
char *timestamp_format(int64_t time, char out[static TIMESTAMP_TEXT]);
/* Exactly that form, of a day that there was. */
bool timestamp_parse(const char *text, size_t length, int64_t *ret);
