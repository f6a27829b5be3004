#include "entrypoint/record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entrypoint/fd.h"
#include "entrypoint/record_internal.h"
#include "entrypoint/state.h"
#include "lib/refusal.h"

/* The writer. What it does when the file is full: the old file is cut to nothing, the lines are
 * copied there, the file is cut to nothing. record_read.c relies on that order: whatever it finds,
 * also where a writer died in between, each line is in one of both or in both. */

int record_open_file(const struct record_place *place, const char *name, int flags,
		     int *ret, struct error *err)
{
	struct stat status;
	int fd = openat(place->directory, name,
			flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);

	*ret = -1;
	if (fd < 0 && errno == ENOENT && !(flags & O_CREAT))
		return 1;
	if (fd < 0)
		return error_errno(err, ERROR_KERNEL, errno, "%s/%s", STATE_DIRECTORY,
				   name);
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) ||
	    status.st_uid != place->owner) {
		close(fd);
		return error_set(err, ERROR_KERNEL,
				 "%s/%s is not what netpale left there", STATE_DIRECTORY,
				 name);
	}
	*ret = fd;
	return 0;
}

size_t record_whole_lines(int fd, size_t size)
{
	char end[REFUSAL_LINE];
	size_t wanted = size < sizeof(end) ? size : sizeof(end);
	ssize_t length = pread(fd, end, wanted, (off_t)(size - wanted));
	const char *last = length > 0 ? memrchr(end, '\n', (size_t)length) : NULL;

	return last ? size - wanted + (size_t)(last + 1 - end) : 0;
}

/* A line that was cut, by a full disk or a writer's end, goes. */
static int begin(int fd, size_t *ret_length)
{
	struct stat status;
	size_t size, whole;

	if (fchmod(fd, 0644) < 0 || fstat(fd, &status) < 0)
		return -1;
	size = (size_t)status.st_size;
	whole = record_whole_lines(fd, size);
	if (whole < size && ftruncate(fd, (off_t)whole) < 0)
		return -1;
	*ret_length = whole;
	return 0;
}

int record_open_at(const struct record_place *place, struct record *ret,
		   struct error *err)
{
	static const char *const names[RECORD_FDS] = { RECORD_FILE, RECORD_OLD_FILE };
	size_t old_length;

	*ret = (struct record){ .fds = { -1, -1 }, .limit = place->bytes };
	for (size_t i = 0; i < RECORD_FDS; i++) {
		if (record_open_file(place, names[i], O_RDWR | O_CREAT | O_APPEND,
				     &ret->fds[i], err) != 0)
			goto unkept;
		if (begin(ret->fds[i], i == 0 ? &ret->length : &old_length) < 0) {
			error_errno(err, ERROR_KERNEL, errno, "%s/%s", STATE_DIRECTORY,
				    names[i]);
			goto unkept;
		}
	}
	return 0;
unkept:
	record_close(ret);
	return 1;
}

int record_open(struct record *ret, struct error *err)
{
	int directory CLEANUP(close_fdp) = state_directory(err);
	const struct record_place place = { directory, 0, RECORD_BYTES };

	*ret = (struct record){ .fds = { -1, -1 } };
	return directory < 0 ? 1 : record_open_at(&place, ret, err);
}

void record_close(struct record *record)
{
	for (size_t i = 0; i < RECORD_FDS; i++) {
		close_fdp(&record->fds[i]);
		record->fds[i] = -1;
	}
}

/* A disk that is full loses lines. What is longer than we leave it is nothing to keep. */
static void copy_over(const struct record *record)
{
	char chunk[16384];
	size_t from = 0;

	while (from < record->length && record->length <= record->limit) {
		ssize_t length = pread(record->fds[0], chunk, sizeof(chunk), (off_t)from);

		if (length <= 0 || write(record->fds[1], chunk, (size_t)length) != length)
			return;
		from += (size_t)length;
	}
}

static bool move_over(struct record *record)
{
	if (ftruncate(record->fds[1], 0) == 0)
		copy_over(record);
	if (ftruncate(record->fds[0], 0) < 0)
		return false;
	record->length = 0;
	return true;
}

/* Part of a line is none. Others may have cut the file: its size says where that part begins. What
 * cannot be taken back is the last of the file. */
static void take_back(struct record *record, size_t written)
{
	struct stat status;

	if (fstat(record->fds[0], &status) < 0 || (size_t)status.st_size < written ||
	    ftruncate(record->fds[0], status.st_size - (off_t)written) < 0)
		record->length = record->limit;
}

void record_add(struct record *record, const char *line, size_t length)
{
	char whole[REFUSAL_LINE];
	ssize_t written;

	if (record->fds[0] < 0 || length == 0 || length >= sizeof(whole))
		return;
	memcpy(whole, line, length);
	whole[length++] = '\n';
	if (record->length + length > record->limit && !move_over(record))
		return;
	written = write(record->fds[0], whole, length);
	if (written == (ssize_t)length)
		record->length += length;
	else if (written > 0)
		take_back(record, (size_t)written);
}
