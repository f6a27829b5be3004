#include "lib/readback_view.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <libmnl/libmnl.h>

/* Elements are compared where they lie: of each only the places of its keys are noted,
 * so that 100,000 of them on both sides cost less than the messages themselves. */

struct set_view *view_set(struct view *view, const char *name)
{
	for (size_t i = 0; name && i < view->set_count; i++)
		if (strcmp(view->sets[i].name, name) == 0)
			return &view->sets[i];
	return NULL;
}

/* The offset of a key's bytes, 0 when it is not as long as the set's keys. */
static uint32_t key_offset(const struct view *view, const struct set_view *set,
			   const struct nlattr *nest)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, nest)
		if (mnl_attr_get_type(attr) == NFTA_DATA_VALUE &&
		    mnl_attr_get_payload_len(attr) == set->key_length)
			return (uint32_t)((const unsigned char *)mnl_attr_get_payload(
						  attr) -
					  view->bytes);
	return 0;
}

static int add_element(const struct view *view, struct set_view *set,
		       const struct nlattr *nest, struct error *err)
{
	const struct nlattr *attr, *key = NULL, *end = NULL;
	struct element element = { 0 };
	uint32_t flags = 0;

	mnl_attr_for_each_nested (attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case NFTA_SET_ELEM_KEY:
			key = attr;
			break;
		case NFTA_SET_ELEM_KEY_END:
			end = attr;
			break;
		case NFTA_SET_ELEM_FLAGS:
			if (mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
				flags = ntohl(mnl_attr_get_u32(attr));
			break;
		default:
			break;
		}
	}
	if (flags & NFT_SET_ELEM_CATCHALL) {
		set->catch_all = true;
		return 0;
	}
	if (key)
		element.key = key_offset(view, set, key);
	if (end)
		element.end = key_offset(view, set, end);
	/* Only single keys have ends that lie beside them. */
	if (!element.key || (end && !element.end) ||
	    ((flags & NFT_SET_ELEM_INTERVAL_END) && !set->intervals))
		return error_set(err, ERROR_KERNEL,
				 "an element of set %s cannot be understood", set->name);
	if (flags & NFT_SET_ELEM_INTERVAL_END)
		element.key |= ELEMENT_ENDS;
	if (!array_grow(&set->v, &set->capacity, set->count, sizeof(element)))
		return error_memory(err);
	set->v[set->count++] = element;
	return 0;
}

int read_elements(struct view *view, const struct nlmsghdr *m, struct error *err)
{
	const struct nlattr *attr, *item, *list = NULL;
	struct set_view *set = NULL;

	mnl_attr_for_each (attr, m, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_LIST_SET &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			set = view_set(view, mnl_attr_get_str(attr));
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_LIST_ELEMENTS)
			list = attr;
	}
	if (!set)
		return error_set(err, ERROR_KERNEL, "there are elements without a set");
	if (!list || set->dynamic)
		return 0;
	mnl_attr_for_each_nested (item, list)
		if (add_element(view, set, item, err) < 0)
			return -1;
	return 0;
}

int element_compare(const unsigned char *a_bytes, const struct element *a,
		    const unsigned char *b_bytes, const struct element *b,
		    uint32_t key_length)
{
	uint32_t a_ends = a->key & ELEMENT_ENDS, b_ends = b->key & ELEMENT_ENDS;
	int order = memcmp(a_bytes + (a->key ^ a_ends), b_bytes + (b->key ^ b_ends),
			   key_length);

	if (order != 0)
		return order;
	/* An end before the start that has the same address. */
	if (a_ends != b_ends)
		return a_ends ? -1 : 1;
	if (!a->end || !b->end)
		return (a->end != 0) - (b->end != 0);
	if ((a->end ^ b->end) & ELEMENT_ENDS)
		return a->end & ELEMENT_ENDS ? -1 : 1;
	return memcmp(a_bytes + (a->end & ~ELEMENT_ENDS),
		      b_bytes + (b->end & ~ELEMENT_ENDS), key_length);
}

struct order {
	const unsigned char *bytes;
	uint32_t key_length;
};

static int in_order(const void *a, const void *b, void *data)
{
	const struct order *order = data;

	return element_compare(order->bytes, a, order->bytes, b, order->key_length);
}

static void reverse(struct element *v, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct element kept = v[i];

		v[i] = v[count - 1 - i];
		v[count - 1 - i] = kept;
	}
}

void sort_elements(const struct view *view, struct set_view *set)
{
	struct order order = { view->bytes, set->key_length };
	bool rises = true, falls = true;

	for (size_t i = 1; i < set->count && (rises || falls); i++) {
		int step = in_order(&set->v[i - 1], &set->v[i], &order);

		rises &= step <= 0;
		falls &= step >= 0;
	}
	/* The kernel gives intervals in order, in some versions from the last to the
	 * first. */
	if (falls && !rises)
		reverse(set->v, set->count);
	else if (!rises)
		qsort_r(set->v, set->count, sizeof(*set->v), in_order, &order);
}

/* The kernel tells an interval of single keys as two elements, its start and what lies behind it. An
 * end without a start is the gap below the first. */
void join_intervals(struct set_view *set)
{
	size_t kept = 0;
	bool open = false;

	for (size_t i = 0; i < set->count && set->intervals; i++) {
		struct element *element = &set->v[i];

		if (!(element->key & ELEMENT_ENDS)) {
			set->v[kept++] = *element;
			open = true;
		} else if (open) {
			set->v[kept - 1].end = element->key; /* the mark included */
			open = false;
		}
	}
	if (set->intervals)
		set->count = kept;
}
