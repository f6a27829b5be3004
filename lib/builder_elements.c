#include "lib/builder.h"

#include <arpa/inet.h>
#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>

#include <libmnl/libmnl.h>

#include "lib/arena.h"

/* Set elements are written straight into the message: 100,000 libnftnl objects would
 * take more memory than all the rest of netpale. */

/* A list's length is a 16 bit attribute: once a list is this long, the next element opens
 * another message. */
#define LIST_MAX (60u * 1024)

struct bytes {
	uint8_t v[24]; /* the longest key: IPv6 address . protocol . port */
	uint8_t length;
};

static struct bytes addr_bytes(enum family family, u128 value)
{
	struct bytes key = { .length = addr_bits(family) / 8 };

	addr_to_bytes(&(struct addr){ .value = value, .family = family }, key.v);
	return key;
}

/* Each field of a concatenation is padded to four bytes. */
static void add_service(struct bytes *key, uint32_t protocol, uint32_t port)
{
	const uint8_t fields[8] = { (uint8_t)protocol, 0, 0, 0, (uint8_t)(port >> 8),
				    (uint8_t)port,     0, 0 };

	memcpy(key->v + key->length, fields, sizeof(fields));
	key->length += sizeof(fields);
}

static void list_begin(struct builder *b)
{
	char name[SET_NAME_MAX];

	b->list = message_begin(b, NFT_MSG_NEWSETELEM, NLM_F_CREATE, LIST_MAX + 1024);
	if (!b->list)
		return;
	mnl_attr_put_strz(b->list, NFTA_SET_ELEM_LIST_TABLE, b->table);
	mnl_attr_put_strz(b->list, NFTA_SET_ELEM_LIST_SET, set_name(b, b->set, name));
	b->nest = mnl_attr_nest_start(b->list, NFTA_SET_ELEM_LIST_ELEMENTS);
	b->listed = 0;
	b->first =
		arena_printf(b->ruleset->arena, "%s", b->line.data ? b->line.data : "");
	if (!b->first)
		b->failed = true;
}

static void list_end(struct builder *b)
{
	char name[SET_NAME_MAX];

	if (!b->list)
		return;
	mnl_attr_nest_end(b->list, b->nest);
	message_end(b, b->list, "add element inet %s %s { %s%s }", b->table,
		    set_name(b, b->set, name), b->first ? b->first : "",
		    b->listed > 1 ? ", ..." : "");
	b->list = NULL;
}

void set_end(struct builder *b)
{
	list_end(b);
	if (b->with_text)
		buf_puts(&b->ruleset->text, b->elements ? " }\n\t}\n" : "\t}\n");
	b->set = NULL;
}

/* True when the element's text is wanted, in b->line: the first of each message always
 * has one, for errors. */
static bool element_begin(struct builder *b)
{
	if (b->list && b->list->nlmsg_len > LIST_MAX)
		list_end(b);
	line_begin(b);
	return b->with_text || !b->list;
}

static void element_named(struct builder *b)
{
	if (!b->list)
		list_begin(b);
	if (b->with_text) {
		buf_puts(&b->ruleset->text, b->elements ? ", " : "\t\telements = { ");
		buf_add(&b->ruleset->text, b->line.data, b->line.length);
	}
	b->elements++;
	b->listed++;
}

static void put_key(struct nlmsghdr *list, uint16_t type, const struct bytes *key)
{
	struct nlattr *nest = mnl_attr_nest_start(list, type);

	mnl_attr_put(list, NFTA_DATA_VALUE, key->length, key->v);
	mnl_attr_nest_end(list, nest);
}

static void put(struct builder *b, uint32_t flags, const struct bytes *key,
		const struct bytes *end, uint64_t timeout_ms)
{
	struct nlattr *nest;

	if (!b->list)
		return;
	nest = mnl_attr_nest_start(b->list, NFTA_LIST_ELEM);
	if (flags)
		mnl_attr_put_u32(b->list, NFTA_SET_ELEM_FLAGS, htonl(flags));
	put_key(b->list, NFTA_SET_ELEM_KEY, key);
	if (end)
		put_key(b->list, NFTA_SET_ELEM_KEY_END, end);
	if (timeout_ms)
		mnl_attr_put_u64(b->list, NFTA_SET_ELEM_TIMEOUT, htobe64(timeout_ms));
	mnl_attr_nest_end(b->list, nest);
}

static void describe_addrs(struct buf *line, enum family family, u128 first, u128 last)
{
	char shown[ADDR_TEXT];

	buf_puts(line, addr_format(&(struct addr){ first, family }, shown));
	if (first == last)
		return;
	buf_puts(line, "-");
	buf_puts(line, addr_format(&(struct addr){ last, family }, shown));
}

static void describe_range(struct buf *line, struct range range)
{
	if (range.first == range.last)
		buf_printf(line, "%" PRIu32, range.first);
	else
		buf_printf(line, "%" PRIu32 "-%" PRIu32, range.first, range.last);
}

static void describe_service(struct buf *line, struct range protocols, struct range ports)
{
	if (protocols.first != protocols.last)
		describe_range(line, protocols);
	else if (protocols.first == IPPROTO_TCP)
		buf_puts(line, "tcp");
	else if (protocols.first == IPPROTO_UDP)
		buf_puts(line, "udp");
	else
		describe_range(line, protocols);
	buf_puts(line, " . ");
	describe_range(line, ports);
}

void element_addrs(struct builder *b, u128 first, u128 last)
{
	enum family family = set_family(b->set);
	struct bytes key = addr_bytes(family, first);

	if (element_begin(b))
		describe_addrs(&b->line, family, first, last);
	element_named(b);
	put(b, 0, &key, NULL, 0);
	/* An interval ends where the next address is outside; the last one of all has
	 * none. */
	if (last < addr_max(family)) {
		key = addr_bytes(family, last + 1);
		put(b, NFT_SET_ELEM_INTERVAL_END, &key, NULL, 0);
	}
}

void element_flows(struct builder *b, u128 first, u128 last, struct range protocols,
		   struct range ports)
{
	enum family family = set_family(b->set);
	struct bytes key = addr_bytes(family, first), end = addr_bytes(family, last);

	if (element_begin(b)) {
		describe_addrs(&b->line, family, first, last);
		buf_puts(&b->line, " . ");
		describe_service(&b->line, protocols, ports);
	}
	element_named(b);
	add_service(&key, protocols.first, ports.first);
	add_service(&end, protocols.last, ports.last);
	put(b, 0, &key, b->set->kind == SET_RANGES ? &end : NULL, 0);
}

void element_services(struct builder *b, struct range protocols, struct range ports)
{
	struct bytes key = { .length = 0 }, end = { .length = 0 };

	if (element_begin(b))
		describe_service(&b->line, protocols, ports);
	element_named(b);
	add_service(&key, protocols.first, ports.first);
	add_service(&end, protocols.last, ports.last);
	put(b, 0, &key, b->set->kind == SET_RANGES ? &end : NULL, 0);
}

void element_icmp6(struct builder *b, uint8_t type, const char *text)
{
	const struct bytes key = { .v = { type }, .length = 1 };

	if (element_begin(b))
		buf_puts(&b->line, text);
	element_named(b);
	put(b, 0, &key, NULL, 0);
}

void element_lease(struct builder *b, u128 addr, uint32_t timeout_ms)
{
	enum family family = set_family(b->set);
	struct bytes key = addr_bytes(family, addr);

	if (element_begin(b)) {
		describe_addrs(&b->line, family, addr, addr);
		buf_printf(&b->line, " timeout %" PRIu32 "ms", timeout_ms);
	}
	element_named(b);
	put(b, 0, &key, NULL, timeout_ms);
}
