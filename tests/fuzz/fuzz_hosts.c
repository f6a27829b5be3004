#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/answers.h"
#include "lib/buf.h"
#include "lib/host.h"
#include "lib/macros.h"
#include "lib/resolver.h"
#include "tests/fuzz/fuzz.h"

/* A hosts file, written by whoever: only normalised names come out; with those lines alone the same
 * comes out once more, and nothing of what stands between the marks of an earlier netpale. */

struct filter {
	bool everything;
};

static bool wants(void *context, const char *host)
{
	const struct filter *filter = context;
	char again[HOST_TEXT];
	struct error err;

	PROMISE(host_normalise(host, strlen(host), again, &err) == 0);
	PROMISE(strcmp(again, host) == 0);
	return filter->everything || strlen(host) % 2;
}

static void read_text(const char *bytes, size_t length, bool everything,
		      struct arena *arena, struct answers *ret)
{
	struct filter filter = { everything };
	const struct resolver_filter wanted = { wants, &filter };
	static int fd = -1;
	char path[64];
	struct error err;

	if (fd < 0)
		fd = memfd_create("hosts", MFD_CLOEXEC);
	PROMISE(fd >= 0 && ftruncate(fd, 0) == 0);
	PROMISE(pwrite(fd, bytes, length, 0) == (ssize_t)length);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	PROMISE(resolver_read_hosts(path, &wanted, arena, ret, &err) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const char begin[] = RESOLVER_PINNED_BEGIN "\n";
	static const char end[] = "\n" RESOLVER_PINNED_END "\n";
	CLEANUP(arena_freep) struct arena *arena = arena_new(0);
	struct buf first CLEANUP(buf_release) = { 0 },
			 second CLEANUP(buf_release) = { 0 },
			 pinned CLEANUP(buf_release) = { 0 };
	struct answers all, some, again;
	const struct answer *found;

	PROMISE(arena);
	read_text((const char *)bytes, length, true, arena, &all);
	buf_puts(&first, "");
	buf_puts(&second, "");
	answers_print(&all, &first);
	read_text(first.data, first.length, true, arena, &again);
	answers_print(&again, &second);
	PROMISE(strcmp(first.data, second.data) == 0);
	/* What is left out takes nothing with it. */
	read_text((const char *)bytes, length, false, arena, &some);
	for (size_t i = 0; i < all.count; i++) {
		found = answers_find(&some, all.v[i].host);
		PROMISE(all.v[i].fixed && all.v[i].count > 0);
		PROMISE(!found == (strlen(all.v[i].host) % 2 == 0));
		PROMISE(!found || found->count == all.v[i].count);
	}
	/* The same, pinned. */
	buf_puts(&pinned, begin);
	buf_puts(&pinned, first.data);
	buf_puts(&pinned, end);
	read_text(pinned.data, pinned.length, true, arena, &again);
	PROMISE(again.count == 0);
	return 0;
}
