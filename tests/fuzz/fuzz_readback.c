#include <string.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "lib/macros.h"
#include "lib/messages.h"
#include "lib/readback.h"
#include "lib/standing.h"
#include "tests/fuzz/fuzz.h"

/* Netlink messages of a table, as kept in a file and as a kernel that somebody else also talks to
 * gives them. What can be read is the same as itself, and what one side lacks the other has. The
 * first four bytes say how long the first side is. */

/* Without the rules: those go to libnftnl, which ends the process when it finds something that
 * no kernel writes. */
static struct buf side(const uint8_t *bytes, size_t length)
{
	struct buf all CLEANUP(buf_release) = { 0 }, kept = { 0 };
	const struct nlmsghdr *m;
	size_t at = 0;

	/* Messages lie aligned, as they do when they are received. */
	buf_add(&all, bytes, length);
	while ((m = messages_next(all.data, all.length, &at)))
		if (NFNL_MSG_TYPE(m->nlmsg_type) != NFT_MSG_NEWRULE)
			buf_add(&kept, m, NLMSG_ALIGN((size_t)m->nlmsg_len));
	buf_add(&kept, all.data + at, all.length - at);
	return kept;
}

static bool compare(const struct buf *a, const struct buf *b, size_t *count)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct findings found = { .arena = arena };
	struct error err;
	int result;

	PROMISE(arena);
	result = readback_compare(a->data, a->length, b->data, b->length, &found, &err);
	*count = found.total;
	return result == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct standing standing CLEANUP(standing_release) = { 0 };
	struct buf a CLEANUP(buf_release) = { 0 }, b CLEANUP(buf_release) = { 0 };
	struct error err;
	uint32_t first;
	size_t count, back;

	if (length < sizeof(first))
		return 0;
	memcpy(&first, bytes, sizeof(first));
	bytes += sizeof(first);
	length -= sizeof(first);
	if (first > length)
		first = (uint32_t)length;
	a = side(bytes, first);
	b = side(bytes + first, length - first);

	if (compare(&a, &a, &count))
		PROMISE(count == 0);
	if (compare(&a, &b, &count))
		PROMISE(compare(&b, &a, &back) && (count == 0) == (back == 0));
	PROMISE(standing_read(&standing, a.data, a.length, &err) == 0);
	return 0;
}
