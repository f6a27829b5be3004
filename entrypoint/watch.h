#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* Has a file changed? Looks at it instead of waiting for inotify, which tells nothing of what changes
 * on the other side of a bind mount or a network file system, nor of a link's target far away
 * (Kubernetes swaps directories). A file is changed when it has been the same again for two looks:
 * nobody is still writing to it. */

#define WATCH_MAX 4
#define WATCH_PATH 1024 /* a longer one is not watched */

struct watch_file {
	char path[WATCH_PATH];
	struct stat known, seen; /* all zero: there is no such file */
};

struct watch {
	struct watch_file files[WATCH_MAX];
	size_t count;
};

/* A file counts as known as it is when it is added. */
void watch_clear(struct watch *watch);
void watch_add(struct watch *watch, const char *path);

/* Whoever is about to read the files says so: they count as known as they are now, not as they are
 * when reading them has ended. */
void watch_mark(struct watch *watch);
/* Files that `before` watched count as it knew them, what changed since will be noticed. */
void watch_keep(struct watch *watch, const struct watch *before);

/* One look. True once for each change. */
bool watch_look(struct watch *watch);
