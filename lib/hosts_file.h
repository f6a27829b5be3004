#pragma once

#include "lib/addr.h"

/* hosts(5), read as tolerantly as by every resolver: what is not understood is skipped, and so is
 * what an earlier netpale pinned there. Reads a file, therefore part of the resolver's target. */

/* Each pair of a name (normalised) and an address, in the file's order. `path` NULL: /etc/hosts.
 * -1: memory ran out on the way. */
typedef void hosts_file_take(void *context, const char *host, const struct addr *addr);
int hosts_file_read(const char *path, hosts_file_take *take, void *context) MUST_CHECK;

/* The lines of any file, with their ends; none when it cannot be read. -1: memory ran out. */
int hosts_file_lines(const char *path, void (*take)(void *context, char *line),
		     void *context);
