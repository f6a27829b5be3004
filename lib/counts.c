#include "lib/counts.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include "lib/arena.h"
#include "lib/messages.h"

static bool is_nest(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_NESTED) == 0;
}

static bool read_key(const struct nlattr *element, struct addr *ret)
{
	const struct nlattr *key = attr_find(element, NFTA_SET_ELEM_KEY);
	const struct nlattr *value = attr_find(key, NFTA_DATA_VALUE);
	size_t length = value ? mnl_attr_get_payload_len(value) : 0;

	if (length != 4 && length != 16)
		return false;
	*ret = addr_from_bytes(length == 4 ? FAMILY_4 : FAMILY_6,
			       mnl_attr_get_payload(value));
	return true;
}

/* An element's only expression. */
static bool read_counter(const struct nlattr *element, uint64_t *ret)
{
	const struct nlattr *expression = attr_find(element, NFTA_SET_ELEM_EXPR);
	const struct nlattr *name = attr_find(expression, NFTA_EXPR_NAME);
	const struct nlattr *data = attr_find(expression, NFTA_EXPR_DATA);
	const struct nlattr *packets = attr_find(data, NFTA_COUNTER_PACKETS);
	uint64_t value;

	if (!name || mnl_attr_validate(name, MNL_TYPE_NUL_STRING) < 0 ||
	    strcmp(mnl_attr_get_str(name), "counter") != 0 || !packets ||
	    mnl_attr_validate(packets, MNL_TYPE_U64) < 0)
		return false;
	memcpy(&value, mnl_attr_get_payload(packets), sizeof(value));
	*ret = be64toh(value);
	return true;
}

static int by_address(const void *a, const void *b)
{
	const struct count *left = a, *right = b;

	return addr_compare(&left->to, &right->to);
}

static int read_message(const struct nlmsghdr *m, struct counts *counts,
			struct error *err)
{
	const struct nlattr *list = message_find(m, NFTA_SET_ELEM_LIST_ELEMENTS);
	const struct nlattr *element;

	if (!list || !is_nest(list))
		return 0;
	mnl_attr_for_each_nested (element, list) {
		struct count count = { 0 };

		if (!read_key(element, &count.to) ||
		    !read_counter(element, &count.packets))
			continue;
		if (!array_grow(&counts->v, &counts->capacity, counts->count,
				sizeof(count)))
			return error_memory(err);
		counts->v[counts->count++] = count;
	}
	return 0;
}

int counts_read(const void *bytes, size_t length, struct counts *ret, struct error *err)
{
	struct counts counts = { 0 };
	const struct nlmsghdr *m;

	for (size_t at = 0; (m = messages_next(bytes, length, &at));) {
		if (m->nlmsg_type < NLMSG_MIN_TYPE ||
		    m->nlmsg_len < NLMSG_HDRLEN + sizeof(struct nfgenmsg))
			continue;
		if (read_message(m, &counts, err) < 0) {
			counts_release(&counts);
			return -1;
		}
	}
	if (counts.count)
		qsort(counts.v, counts.count, sizeof(*counts.v), by_address);
	*ret = counts;
	return 0;
}

struct count *counts_find(const struct counts *counts, const struct addr *to)
{
	const struct count wanted = { .to = *to };

	if (!counts->count)
		return NULL;
	return bsearch(&wanted, counts->v, counts->count, sizeof(wanted), by_address);
}

void counts_release(struct counts *counts)
{
	free(counts->v);
	*counts = (struct counts){ 0 };
}
