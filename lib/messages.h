#pragma once

#include <stddef.h>

#include <linux/netlink.h>

/* Walks netlink messages that lie one behind the other:
 *	for (size_t at = 0; (m = messages_next(bytes, length, &at));)
 * NULL at the end, and before a message that is cut: then *at is less than `length`.
 * (libmnl's own walk believes a length of 2 GiB and more.) */
static inline const struct nlmsghdr *messages_next(const void *bytes, size_t length,
						   size_t *at)
{
	const struct nlmsghdr *m;

	if (length - *at < sizeof(*m))
		return NULL;
	m = (const void *)((const char *)bytes + *at);
	if (m->nlmsg_len < sizeof(*m) || m->nlmsg_len > length - *at ||
	    NLMSG_ALIGN((size_t)m->nlmsg_len) > length - *at)
		return NULL;
	*at += NLMSG_ALIGN((size_t)m->nlmsg_len);
	return m;
}
