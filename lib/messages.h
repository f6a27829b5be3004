#pragma once

#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <libmnl/libmnl.h>

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

/* What an NLMSG_ERROR or NLMSG_DONE says, as errno: 0 that nothing is wrong. */
static inline int message_errno(const struct nlmsghdr *m)
{
	int code = 0;

	if (mnl_nlmsg_get_payload_len(m) >= sizeof(code))
		memcpy(&code, mnl_nlmsg_get_payload(m), sizeof(code));
	if (code < -4095) /* as many as the kernel has */
		return EBADMSG;
	return code < 0 ? -code : 0;
}

/* An nfnetlink message's attribute of that type; NULL when there is none. */
static inline const struct nlattr *message_find(const struct nlmsghdr *m, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each (attr, m, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

/* The same as text, in the message; NULL also when it is not terminated. */
static inline const char *message_text(const struct nlmsghdr *m, uint16_t type)
{
	const struct nlattr *attr = message_find(m, type);

	return attr && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0
		       ? mnl_attr_get_str(attr)
		       : NULL;
}

/* An attribute within another one (NULL: in none); NULL when there is none. */
static inline const struct nlattr *attr_find(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;

	if (!nest || mnl_attr_validate(nest, MNL_TYPE_NESTED) < 0)
		return NULL;
	mnl_attr_for_each_nested (attr, nest)
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

/* An attribute of four bytes as nftables has its numbers; 0 for anything else, and for NULL. */
static inline uint32_t attr_number(const struct nlattr *attr)
{
	return attr && mnl_attr_validate(attr, MNL_TYPE_U32) == 0
		       ? be32toh(mnl_attr_get_u32(attr))
		       : 0;
}
