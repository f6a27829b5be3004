#pragma once

#include <unistd.h>

/* CLEANUP(close_fdp) int fd = -1: closed at the end of its scope. */
static inline void close_fdp(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
