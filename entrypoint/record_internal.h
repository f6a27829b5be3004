#pragma once

#include <sys/types.h>

#include "entrypoint/record.h"

/* The same, elsewhere: tests bring a directory of their own. */

struct record_place {
	int directory;
	uid_t owner; /* of the files */
	size_t bytes;
};

int record_open_at(const struct record_place *place, struct record *ret,
		   struct error *err) MUST_CHECK;
int record_read_at(const struct record_place *place, struct buf *ret, struct error *err)
	MUST_CHECK;
int record_follow_at(const struct record_place *place, struct record_tail *tail,
		     struct buf *ret, struct error *err) MUST_CHECK;

/* Opens one of the files: root's regular file and nothing else. 1: it is not there. */
int record_open_file(const struct record_place *place, const char *name, int flags,
		     int *ret, struct error *err) MUST_CHECK;
/* Where the last whole line before `size` ends. */
size_t record_whole_lines(int fd, size_t size);
