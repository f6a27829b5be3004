#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/error.h"

/* Reading files that somebody else may have prepared. */

enum source_rule {
	SOURCE_OPERATOR, /* the operator's own file: symbolic links are followed */
	SOURCE_PROJECT,  /* a stranger's: O_NOFOLLOW, regular files only, never blocks */
};

/* Reads at most `limit` bytes; a larger file, a directory, a FIFO, a device is an error. 0: read;
 * 1: there is no such file; -1: error (ERROR_POLICY with the path). */
int source_read(const char *path, enum source_rule rule, size_t limit, struct buf *out,
		struct error *err) MUST_CHECK;

/* The nearest .ccpod.yml from the working directory upwards: 0 with the path in `out`, 1 when
 * there is none. */
int source_find_project(struct buf *out, struct error *err) MUST_CHECK;

/* Could `uid` with `gid` change what `path` names: the file itself, or a directory on its way? */
bool source_writable_by(const char *path, uid_t uid, gid_t gid);
