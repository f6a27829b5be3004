#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "entrypoint/user.h"
#include "lib/buf.h"
#include "lib/error.h"

/* Reading files that somebody else may have prepared. */

/* Reads at most `limit` bytes; a larger file, a directory, a FIFO, a device is an error, and
 * nothing ever blocks. 0: read; 1: there is no such file; -1: error (ERROR_POLICY with the
 * path).
 *
 * `as` NULL: the operator's own file, symbolic links are followed. Otherwise a stranger's
 * (the project's): opened with the file-system ids and groups of `as`, so that root reads
 * nothing that the agent could not, and the file itself must not be a link. Only root can take
 * on another's ids; whoever is not reads as himself. &source_self: a stranger's file, too, read by
 * ourselves as we are. */
extern const struct user source_self;
int source_read(const char *path, const struct user *as, size_t limit, struct buf *out,
		struct error *err) MUST_CHECK;

/* What a project's policy is called. */
#define SOURCE_PROJECT ".ccpod.yml"

/* The nearest one from the working directory upwards: 0 with the path in `out`, 1 when
 * there is none. Whatever bears that name counts, source_read() judges it. `as`, or NULL: with whose
 * eyes to look where we may not, root's without the capabilities to look everywhere. */
int source_find_project(const struct user *as, struct buf *out, struct error *err)
	MUST_CHECK;

/* Could `user` change what `path` names: the file itself, a link or a directory on its way?
 * Modes only, no ACLs; a file on a read-only mount is nobody's. What cannot be told counts as
 * yes. */
bool source_writable_by(const char *path, const struct user *user);
