#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entrypoint/record_internal.h"
#include "lib/macros.h"
#include "lib/refusal.h"
#include "tests/fuzz/fuzz.h"

/* What was recorded, in both of its files and as a writer that died may have left them: whole lines come
 * out, each of one of the files, the old one's first, none twice that is there once; and what follows
 * sees the lines that are added and no others. The first byte says where the first file ends. */

#define BYTES 4096u

static struct record_place place = { -1, 0, BYTES };

static char path[] = "/dev/shm/fuzz-record-XXXXXX";

static void leave(void)
{
	(void)unlinkat(place.directory, RECORD_FILE, 0);
	(void)unlinkat(place.directory, RECORD_OLD_FILE, 0);
	(void)rmdir(path);
}

static void set_up(void)
{
	PROMISE(mkdtemp(path));
	place.directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	place.owner = geteuid();
	PROMISE(place.directory >= 0);
	atexit(leave);
}

static void write_file(const char *name, int flags, const void *bytes, size_t length)
{
	int fd = openat(place.directory, name, O_WRONLY | O_CREAT | O_CLOEXEC | flags,
			0644);

	PROMISE(fd >= 0 && write(fd, bytes, length) == (ssize_t)length);
	close(fd);
}

/* The whole lines that the bytes begin with. */
static size_t whole(const uint8_t *bytes, size_t length)
{
	while (length && bytes[length - 1] != '\n')
		length--;
	return length;
}

static void check_follow(const struct record_tail *before)
{
	static const char line[] = "{\"version\":1}\n";
	struct record_tail tail = *before;
	struct buf more CLEANUP(buf_release) = { 0 };
	struct error err;

	PROMISE(record_follow_at(&place, &tail, &more, &err) == 0 && more.length == 0);
	write_file(RECORD_FILE, O_APPEND, "\n", 1);
	PROMISE(record_follow_at(&place, &tail, &more, &err) == 0);
	buf_clear(&more);
	write_file(RECORD_FILE, O_APPEND, line, sizeof(line) - 1);
	PROMISE(record_follow_at(&place, &tail, &more, &err) == 0);
	PROMISE(more.length == sizeof(line) - 1 && strcmp(more.data, line) == 0);
	record_tail_release(&tail);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct buf all CLEANUP(buf_release) = { 0 }, none CLEANUP(buf_release) = { 0 };
	struct record_tail tail = { .fd = -1 };
	size_t first, old, fresh;
	struct error err;

	if (place.directory < 0)
		set_up();
	if (length == 0 || length > BYTES)
		return 0;
	first = bytes[0] < length - 1 ? bytes[0] : length - 1;
	bytes++;
	length--;
	write_file(RECORD_OLD_FILE, O_TRUNC, bytes, first);
	write_file(RECORD_FILE, O_TRUNC, bytes + first, length - first);
	old = whole(bytes, first);
	fresh = whole(bytes + first, length - first);
	/* Moved, and not yet cut: the old one is what the new one begins with. */
	if (first <= length - first && memcmp(bytes, bytes + first, first) == 0)
		old = 0;
	PROMISE(record_read_at(&place, &all, &err) == 0);
	PROMISE(all.length == old + fresh);
	PROMISE(old == 0 || memcmp(all.data, bytes, old) == 0);
	PROMISE(fresh == 0 || memcmp(all.data + old, bytes + first, fresh) == 0);
	PROMISE(record_follow_at(&place, &tail, &none, &err) == 0 && none.length == 0);
	check_follow(&tail);
	return 0;
}
