#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/macros.h"

/* Growing bytes with a sticky failure: writers do not check each call; the reader asks
 * `failed` once. `data` is NUL-terminated whenever it is not NULL. */

struct buf {
	char *data;
	size_t length, capacity;
	bool failed;
};

void buf_release(struct buf *buf);
void buf_clear(struct buf *buf);

/* Appends room for `length` bytes and returns it, uninitialised; NULL after a failure. */
void *buf_reserve(struct buf *buf, size_t length);
void buf_add(struct buf *buf, const void *bytes, size_t length);
void buf_puts(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF(2, 3);

/* Text from outside, made safe for a terminal and a log line: bytes outside printable ASCII
 * and the backslash become \xNN; what does not fit ends in "...". Returns `out`. */
char *escape(char *out, size_t size, const char *text, size_t length);
/* Text that may have been escaped before: what is printable ASCII and fits stays as it is. */
char *escape_unless_plain(char *out, size_t size, const char *text, size_t length);
bool text_is_plain(const char *text, size_t length);
