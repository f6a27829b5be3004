#include "entrypoint/hosts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "entrypoint/source.h"
#include "lib/resolver.h"

#define HOSTS_FILE "/etc/hosts"
#define HOSTS_BYTES (4u << 20)

/* The resolver skips what stands between them. */
static const char mark_begin[] = RESOLVER_PINNED_BEGIN "\n";
static const char mark_end[] = RESOLVER_PINNED_END "\n";

/* The file without what an earlier call put between the marks; false: it has put nothing. */
static bool copy_unpinned(const struct buf *old, struct buf *out)
{
	const char *text = old->data ? old->data : "";
	const char *begin = strstr(text, mark_begin);
	const char *end = begin ? strstr(begin, mark_end) : NULL;

	if (!end) {
		buf_add(out, text, old->length);
	} else {
		buf_add(out, text, (size_t)(begin - text));
		buf_puts(out, end + strlen(mark_end));
	}
	if (out->length > 0 && out->data[out->length - 1] != '\n')
		buf_puts(out, "\n");
	return end;
}

static int write_in_place(const struct buf *text, struct error *err)
{
	int fd = open(HOSTS_FILE, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	size_t done = 0;
	int result = 0;

	if (fd < 0)
		return error_errno(err, ERROR_KERNEL, errno,
				   "dns pinned: cannot write %s", HOSTS_FILE);
	while (done < text->length && result == 0) {
		ssize_t written = write(fd, text->data + done, text->length - done);

		if (written >= 0)
			done += (size_t)written;
		else if (errno != EINTR)
			result = -1;
	}
	/* Cut only after writing: a fault on the way leaves a longer file, not an empty one. */
	if (result < 0 || ftruncate(fd, (off_t)text->length) < 0)
		result = error_errno(err, ERROR_KERNEL, errno,
				     "dns pinned: cannot write %s", HOSTS_FILE);
	close(fd);
	return result;
}

int hosts_pin(const struct answers *answers, struct error *err)
{
	struct buf old CLEANUP(buf_release) = { 0 };
	struct buf text CLEANUP(buf_release) = { 0 };

	if (source_read(HOSTS_FILE, NULL, HOSTS_BYTES, &old, err) < 0)
		return -1;
	copy_unpinned(&old, &text);
	buf_puts(&text, mark_begin);
	answers_print(answers, &text);
	buf_puts(&text, mark_end);
	if (text.failed)
		return error_memory(err);
	return write_in_place(&text, err);
}

int hosts_unpin(struct error *err)
{
	struct buf old CLEANUP(buf_release) = { 0 };
	struct buf text CLEANUP(buf_release) = { 0 };

	if (source_read(HOSTS_FILE, NULL, HOSTS_BYTES, &old, err) < 0)
		return -1;
	if (!copy_unpinned(&old, &text))
		return 0;
	return text.failed ? error_memory(err) : write_in_place(&text, err);
}
