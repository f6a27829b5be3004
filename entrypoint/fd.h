#pragma once

#include <unistd.h>

#include "lib/macros.h"

/* CLEANUP(close_fdp) int fd = -1: closed at the end of its scope. */
static inline void close_fdp(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* No number that a start makes use of, see DROP_REPORT. */
#define FD_FIRST 10

/* Opens a pipe or a terminal once more, to write to, so that to wait or not is nobody else's business:
 * this never does. -1: it is neither, or another user's. Close-on-exec, FD_FIRST or above. */
int fd_reopen(int fd);
