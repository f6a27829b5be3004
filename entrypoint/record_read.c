#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entrypoint/fd.h"
#include "entrypoint/record.h"
#include "entrypoint/record_internal.h"
#include "entrypoint/state.h"

/* The readers. The writer waits for nobody, so what they read may move under their eyes: a file is
 * only added to until it is cut to nothing, so what still begins as it was read was read right. */

#define CHUNK 16384u
#define TRIES 64
#define TRY_MS 1

/* A file that somebody else made longer is not read to its end. */
static size_t most(const struct record_place *place)
{
	return 2 * place->bytes;
}

/* Appends what is there from `from` on. */
static void read_from(int fd, size_t from, size_t end, struct buf *out)
{
	char chunk[CHUNK];

	while (fd >= 0 && from < end) {
		size_t wanted = end - from < CHUNK ? end - from : CHUNK;
		ssize_t length = pread(fd, chunk, wanted, (off_t)from);

		if (length <= 0)
			return;
		buf_add(out, chunk, (size_t)length);
		from += (size_t)length;
	}
}

/* Does the file still begin with that; `exactly`: and end there? */
static bool begins_with(int fd, const char *text, size_t length, bool exactly)
{
	char chunk[CHUNK];
	size_t at = 0;

	while (fd >= 0 && at < length) {
		size_t wanted = length - at < CHUNK ? length - at : CHUNK;
		ssize_t had = pread(fd, chunk, wanted, (off_t)at);

		if (had <= 0 || memcmp(chunk, text + at, (size_t)had) != 0)
			return false;
		at += (size_t)had;
	}
	return !exactly || fd < 0 || pread(fd, chunk, 1, (off_t)length) == 0;
}

static void buf_cut(struct buf *buf, size_t length)
{
	if (buf->data && length <= buf->length) {
		buf->length = length;
		buf->data[length] = '\0';
	}
}

/* Without the line that is cut, behind `from`. */
static void keep_whole_lines(struct buf *buf, size_t from)
{
	const char *last = NULL;

	if (buf->length > from)
		last = memrchr(buf->data + from, '\n', buf->length - from);
	buf_cut(buf, last ? (size_t)(last + 1 - buf->data) : from);
}

/* Both as they were at one moment. False: they moved. */
static bool read_both(const int fds[RECORD_FDS], size_t end, struct buf *fresh,
		      struct buf *old)
{
	buf_clear(fresh);
	buf_clear(old);
	read_from(fds[1], 0, end, old);
	read_from(fds[0], 0, end, fresh);
	return begins_with(fds[0], fresh->data, fresh->length, false) &&
	       begins_with(fds[1], old->data, old->length, old->length < end);
}

static int add_both(struct buf *fresh, struct buf *old, struct buf *ret,
		    struct error *err)
{
	/* While lines move over they are in both, and where a writer died they still are. */
	bool moving = old->length && old->length <= fresh->length &&
		      memcmp(old->data, fresh->data, old->length) == 0;

	keep_whole_lines(fresh, 0);
	keep_whole_lines(old, 0);
	if (!moving && old->length)
		buf_add(ret, old->data, old->length);
	if (fresh->length)
		buf_add(ret, fresh->data, fresh->length);
	return fresh->failed || old->failed || ret->failed ? error_memory(err) : 0;
}

static int read_settled(const struct record_place *place, const int fds[RECORD_FDS],
			struct buf *ret, struct error *err)
{
	struct buf fresh CLEANUP(buf_release) = { 0 };
	struct buf old CLEANUP(buf_release) = { 0 };

	for (int i = 0; i < TRIES; i++) {
		if (read_both(fds, most(place), &fresh, &old))
			return add_both(&fresh, &old, ret, err);
		poll(NULL, 0, TRY_MS);
	}
	return error_set(err, ERROR_KERNEL, "%s/%s changes faster than it can be read",
			 STATE_DIRECTORY, RECORD_FILE);
}

int record_read_at(const struct record_place *place, struct buf *ret, struct error *err)
{
	int fds[RECORD_FDS] = { -1, -1 }, result;

	result = record_open_file(place, RECORD_FILE, O_RDONLY, &fds[0], err);
	if (result == 0 &&
	    record_open_file(place, RECORD_OLD_FILE, O_RDONLY, &fds[1], err) < 0)
		result = -1;
	if (result == 0)
		result = read_settled(place, fds, ret, err);
	close_fdp(&fds[0]);
	close_fdp(&fds[1]);
	return result;
}

/* Where nobody but root can have put something. 1: it is not there. */
static int open_place(struct record_place *ret, struct error *err)
{
	struct stat status;
	int fd = open(STATE_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	*ret = (struct record_place){ fd, 0, RECORD_BYTES };
	if (fd < 0 && errno == ENOENT)
		return 1;
	if (fd < 0)
		return error_errno(err, ERROR_KERNEL, errno, STATE_DIRECTORY);
	if (fstat(fd, &status) < 0 || status.st_uid != 0 || (status.st_mode & 022))
		return error_set(err, ERROR_KERNEL,
				 STATE_DIRECTORY " is not a directory of root's alone");
	return 0;
}

int record_read(struct buf *ret, struct error *err)
{
	struct record_place place;
	int result = open_place(&place, err);

	if (result == 0)
		result = record_read_at(&place, ret, err);
	close_fdp(&place.directory);
	return result;
}

static void take_mark(struct record_tail *tail)
{
	ssize_t length = pread(tail->fd, tail->mark, RECORD_MARK, 0);

	tail->mark_length = length > 0 ? (size_t)length : 0;
}

static bool is_marked(const struct record_tail *tail, int fd)
{
	return begins_with(fd, tail->mark, tail->mark_length, false);
}

/* Behind the last whole line of what is there at the first call. A file that comes later is new. */
static int follow_open(const struct record_place *place, struct record_tail *tail,
		       struct error *err)
{
	struct stat status;
	bool late = tail->started;
	int result = record_open_file(place, RECORD_FILE, O_RDONLY, &tail->fd, err);

	if (result < 0)
		return -1;
	tail->started = true;
	if (result == 0 && !late && fstat(tail->fd, &status) == 0) {
		take_mark(tail);
		tail->offset = record_whole_lines(tail->fd, (size_t)status.st_size);
	}
	return 0;
}

/* What comes next in this file. False: it was cut to nothing. */
static bool follow_file(const struct record_place *place, struct record_tail *tail,
			struct buf *ret)
{
	size_t before = ret->length;

	if (tail->offset == 0)
		take_mark(tail);
	if (!is_marked(tail, tail->fd))
		return false;
	if (tail->mark_length == 0)
		return true;
	read_from(tail->fd, tail->offset, most(place), ret);
	keep_whole_lines(ret, before);
	if (!is_marked(tail, tail->fd)) {
		buf_cut(ret, before);
		return false;
	}
	tail->offset += ret->length - before;
	return true;
}

/* The rest of what was in the file is in the old one now, unless that moved on, too. */
static int follow_moved(const struct record_place *place, struct record_tail *tail,
			struct buf *ret, struct error *err)
{
	size_t before = ret->length;
	int old CLEANUP(close_fdp) = -1;

	if (record_open_file(place, RECORD_OLD_FILE, O_RDONLY, &old, err) < 0)
		return -1;
	if (old >= 0 && is_marked(tail, old)) {
		read_from(old, tail->offset, most(place), ret);
		keep_whole_lines(ret, before);
		if (!is_marked(tail, old))
			buf_cut(ret, before);
	}
	tail->offset = 0;
	return 0;
}

int record_follow_at(const struct record_place *place, struct record_tail *tail,
		     struct buf *ret, struct error *err)
{
	if (tail->fd < 0) {
		bool first = !tail->started;

		if (follow_open(place, tail, err) < 0)
			return -1;
		if (first || tail->fd < 0)
			return 0;
	}
	for (int i = 0; i < TRIES && !follow_file(place, tail, ret); i++)
		if (follow_moved(place, tail, ret, err) < 0)
			return -1;
	return ret->failed ? error_memory(err) : 0;
}

int record_follow(struct record_tail *tail, struct buf *ret, struct error *err)
{
	struct record_place place;
	int result = open_place(&place, err);

	if (result == 0)
		result = record_follow_at(&place, tail, ret, err);
	else if (result == 1)
		tail->started = true;
	close_fdp(&place.directory);
	return result < 0 ? -1 : 0;
}

void record_tail_release(struct record_tail *tail)
{
	close_fdp(&tail->fd);
	*tail = (struct record_tail){ .fd = -1 };
}
