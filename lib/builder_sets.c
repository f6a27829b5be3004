#include "lib/builder.h"

#include <stdio.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>

#include <libmnl/libmnl.h>
#include <libnftnl/set.h>

#include "lib/arena.h"

/* The numbers nft gives its data types; the kernel only keeps them, for who lists the
 * set. A concatenation has six bits for each. */
enum {
	TYPE_IPADDR = 7,
	TYPE_IP6ADDR = 8,
	TYPE_INET_PROTOCOL = 12,
	TYPE_INET_SERVICE = 13,
	TYPE_ICMP6 = 29,
};
#define SERVICE_TYPE (TYPE_INET_PROTOCOL << 6 | TYPE_INET_SERVICE)

static const struct key_type {
	const char *name;
	uint32_t type;
	uint8_t length; /* each field padded to four bytes */
	uint8_t fields;
	uint8_t field_lengths[3];
} key_types[] = {
	[KEY_ADDR4] = { "ipv4_addr", TYPE_IPADDR, 4, 1, { 4 } },
	[KEY_ADDR6] = { "ipv6_addr", TYPE_IP6ADDR, 16, 1, { 16 } },
	[KEY_FLOW4] = { "ipv4_addr . inet_proto . inet_service",
			TYPE_IPADDR << 12 | SERVICE_TYPE,
			12,
			3,
			{ 4, 1, 2 } },
	[KEY_FLOW6] = { "ipv6_addr . inet_proto . inet_service",
			TYPE_IP6ADDR << 12 | SERVICE_TYPE,
			24,
			3,
			{ 16, 1, 2 } },
	[KEY_SERVICE] = { "inet_proto . inet_service", SERVICE_TYPE, 8, 2, { 1, 2 } },
	[KEY_ICMP6] = { "icmpv6_type", TYPE_ICMP6, 1, 1, { 1 } },
};

static uint32_t set_flags(const struct set *set)
{
	switch (set->kind) {
	case SET_PLAIN:
		return 0;
	case SET_RANGES:
		return key_types[set->key].fields > 1 ? NFT_SET_INTERVAL | NFT_SET_CONCAT
						      : NFT_SET_INTERVAL;
	case SET_COUNTING:
		return NFT_SET_EVAL | NFT_SET_TIMEOUT;
	case SET_LEARNED:
		return NFT_SET_TIMEOUT;
	}
	return 0;
}

static void describe(struct nftnl_set *s, const struct set *set, uint32_t id)
{
	const struct key_type *key = &key_types[set->key];

	nftnl_set_set_u32(s, NFTNL_SET_ID, id);
	nftnl_set_set_u32(s, NFTNL_SET_FLAGS, set_flags(set));
	nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, key->type);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, key->length);
	if (set_flags(set) & NFT_SET_CONCAT)
		nftnl_set_set_data(s, NFTNL_SET_DESC_CONCAT, key->field_lengths,
				   key->fields);
	if (set->kind == SET_COUNTING) {
		nftnl_set_set_u32(s, NFTNL_SET_DESC_SIZE, COUNTED_MAX);
		nftnl_set_set_u64(s, NFTNL_SET_TIMEOUT, COUNTED_MS);
	}
	if (set->kind == SET_LEARNED)
		nftnl_set_set_u32(s, NFTNL_SET_DESC_SIZE, LEARNED_MAX);
}

const char *set_name(const struct builder *b, const struct set *set,
		     char out[static SET_NAME_MAX])
{
	snprintf(out, SET_NAME_MAX, "%s%s", set->name,
		 set->kind == SET_COUNTING ? "" : b->suffix);
	return out;
}

void set_add(struct builder *b, const struct set *set)
{
	struct nlmsghdr *message =
		message_begin(b, NFT_MSG_NEWSET, NLM_F_CREATE, MESSAGE_SMALL);
	struct nftnl_set *s = nftnl_set_alloc();
	char name[SET_NAME_MAX];

	set_name(b, set, name);
	if (!s || !message || nftnl_set_set_str(s, NFTNL_SET_TABLE, b->table) < 0 ||
	    nftnl_set_set_str(s, NFTNL_SET_NAME, name) < 0) {
		b->failed = true;
	} else {
		/* The kernel insists on a number; everything here finds sets by their
		 * names. */
		describe(s, set, (uint32_t)b->ruleset->count);
		nftnl_set_nlmsg_build_payload(message, s);
		message_end(b, message, "add set inet %s %s", b->table, name);
	}
	if (s)
		nftnl_set_free(s);
}

void set_delete(struct builder *b, const char *name)
{
	struct nlmsghdr *message = message_begin(b, NFT_MSG_DELSET, 0, MESSAGE_SMALL);

	if (!message)
		return;
	mnl_attr_put_strz(message, NFTA_SET_TABLE, b->table);
	mnl_attr_put_strz(message, NFTA_SET_NAME, name);
	message_end(b, message, "delete set inet %s %s", b->table, name);
}

void set_begin(struct builder *b, const struct set *set)
{
	struct buf *text = &b->ruleset->text;
	char name[SET_NAME_MAX];

	set_add(b, set);
	b->set = set;
	b->elements = 0;
	if (!b->with_text)
		return;
	buf_printf(text, "\tset %s {\n\t\ttype %s\n", set_name(b, set, name),
		   key_types[set->key].name);
	if (set->kind == SET_RANGES)
		buf_puts(text, "\t\tflags interval\n");
	if (set->kind == SET_COUNTING)
		buf_printf(text,
			   "\t\tsize %u\n\t\tflags dynamic,timeout\n\t\ttimeout %us\n",
			   COUNTED_MAX, COUNTED_MS / 1000);
	if (set->kind == SET_LEARNED)
		buf_printf(text, "\t\tsize %u\n\t\tflags timeout\n", LEARNED_MAX);
}
