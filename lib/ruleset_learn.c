#include "lib/ruleset.h"

#include <endian.h>
#include <stdio.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>

/* Changes to the learned sets, written straight into messages: a guard does it for every
 * reply. Operations that follow one another and do the same to the same set are a run, and
 * share its messages. */

/* Keeps a message far below the 64 KiB of a list, and looking through a run short. */
#define RUN_MAX 64u

#define HEADER_ROOM 128u /* header, names of table and set */
#define ELEMENT_ROOM 48u /* key of 16 bytes, timeout, three attributes around them */

const char *ruleset_learned_set(enum family family, size_t class, bool plain,
				char out[static RULESET_SET_NAME])
{
	snprintf(out, RULESET_SET_NAME, "learned%d_%zu%s", family, class,
		 plain ? "" : "_b");
	return out;
}

static bool is_alike(const struct lease_op *a, const struct lease_op *b)
{
	return a->addr.family == b->addr.family && a->class == b->class &&
	       a->remove == b->remove && a->refresh == b->refresh;
}

/* An element is deleted once in a run: the second time would fail. */
static size_t run_length(const struct lease_op *ops, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (i == RUN_MAX || !is_alike(&ops[0], &ops[i]))
			return i;
		for (size_t j = 0; j < i; j++)
			if (addr_compare(&ops[j].addr, &ops[i].addr) == 0)
				return i;
	}
	return count;
}

static void put_element(struct nlmsghdr *m, const struct lease_op *op, bool with_timeout)
{
	struct nlattr *element = mnl_attr_nest_start(m, NFTA_LIST_ELEM), *key;
	uint8_t bytes[16];

	addr_to_bytes(&op->addr, bytes);
	key = mnl_attr_nest_start(m, NFTA_SET_ELEM_KEY);
	mnl_attr_put(m, NFTA_DATA_VALUE, addr_bits(op->addr.family) / 8, bytes);
	mnl_attr_nest_end(m, key);
	if (with_timeout)
		mnl_attr_put_u64(m, NFTA_SET_ELEM_TIMEOUT, htobe64(op->timeout_ms));
	mnl_attr_nest_end(m, element);
}

struct writer {
	struct buf *out;
	bool plain;
	uint32_t seq;
	size_t last;
};

static void write_message(struct writer *w, uint16_t type, const struct lease_op *ops,
			  size_t count)
{
	size_t room = HEADER_ROOM + count * ELEMENT_ROOM;
	char *at = buf_reserve(w->out, room), name[RULESET_SET_NAME];
	bool adds = type == NFT_MSG_NEWSETELEM;
	struct nlmsghdr *m;
	struct nlattr *list;

	if (!at)
		return;
	m = nftnl_nlmsg_build_hdr(at, type, NFPROTO_INET, adds ? NLM_F_CREATE : 0,
				  w->seq++);
	mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(
		m, NFTA_SET_ELEM_LIST_SET,
		ruleset_learned_set(ops->addr.family, ops->class, w->plain, name));
	list = mnl_attr_nest_start(m, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (size_t i = 0; i < count; i++)
		put_element(m, &ops[i], adds && !ops[i].remove);
	mnl_attr_nest_end(m, list);
	w->out->length -= room - m->nlmsg_len;
	w->last = (size_t)(at - w->out->data);
}

/* What cannot be deleted because it has expired is added first, and what is there already
 * keeps its old timeout when it is added: one transaction, so no packet sees the steps. */
static void write_run(struct writer *w, const struct lease_op *ops, size_t count)
{
	write_message(w, NFT_MSG_NEWSETELEM, ops, count);
	if (ops->remove || ops->refresh)
		write_message(w, NFT_MSG_DELSETELEM, ops, count);
	if (ops->refresh && !ops->remove)
		write_message(w, NFT_MSG_NEWSETELEM, ops, count);
}

int ruleset_learn(const struct lease_op *ops, size_t count, bool plain, struct buf *out,
		  size_t *ret_last, struct error *err)
{
	struct writer w = { .out = out, .plain = plain, .last = out->length };

	for (size_t i = 0, length; i < count; i += length) {
		length = run_length(&ops[i], count - i);
		write_run(&w, &ops[i], length);
	}
	if (out->failed)
		return error_memory(err);
	*ret_last = w.last;
	return 0;
}
