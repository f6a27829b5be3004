#pragma once

/* What the kernel holds as `inet netpale`, in one number: equal numbers are equal fences. Left out is
 * what differs from one apply to the next of the same: handles, counters, the mark of flows, learned
 * addresses, who holds the table. */

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#define KERNEL_NONE 0 /* there is no such table */
#define KERNEL_TABLE "netpale"
#define CHUNK 32768
#define HASH_BEGIN UINT64_C(0xcbf29ce484222325)

static int kernel_open(void)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0 || bind(fd, (const void *)&kernel, sizeof(kernel)) < 0)
		return -1;
	return fd;
}

struct request {
	struct nlmsghdr header;
	struct nfgenmsg body;
	char attributes[64];
};

static void put_name(struct request *request, uint16_t type, const char *name)
{
	struct nlattr *attr = (void *)((char *)request + request->header.nlmsg_len);

	attr->nla_type = type;
	attr->nla_len = (uint16_t)(NLA_HDRLEN + strlen(name) + 1);
	memcpy((char *)attr + NLA_HDRLEN, name, strlen(name) + 1);
	request->header.nlmsg_len += NLA_ALIGN(attr->nla_len);
}

static void begin_request(struct request *request, int message, int flags)
{
	memset(request, 0, sizeof(*request));
	request->header.nlmsg_type = (uint16_t)((NFNL_SUBSYS_NFTABLES << 8) | message);
	request->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	request->header.nlmsg_len = NLMSG_LENGTH(sizeof(request->body));
	request->body.nfgen_family = NFPROTO_INET;
}

/* --- attributes ----------------------------------------------------------------------------- */

struct attrs {
	const char *at;
	size_t left;
};

static const struct nlattr *attrs_next(struct attrs *attrs)
{
	const struct nlattr *attr = (const void *)attrs->at;
	size_t step;

	if (attrs->left < NLA_HDRLEN || attr->nla_len < NLA_HDRLEN ||
	    attr->nla_len > attrs->left)
		return NULL;
	step = NLA_ALIGN(attr->nla_len);
	attrs->at += step;
	attrs->left -= step < attrs->left ? step : attrs->left;
	return attr;
}

static struct attrs attrs_of(const struct nlattr *attr)
{
	return (struct attrs){ (const char *)attr + NLA_HDRLEN,
			       (size_t)attr->nla_len - NLA_HDRLEN };
}

static const struct nlattr *attrs_find(struct attrs attrs, int type)
{
	const struct nlattr *attr;

	while ((attr = attrs_next(&attrs)))
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
	return NULL;
}

static uint32_t number_of(const struct nlattr *attr)
{
	uint32_t number = 0;

	if (attr && attr->nla_len == NLA_HDRLEN + sizeof(number))
		memcpy(&number, (const char *)attr + NLA_HDRLEN, sizeof(number));
	return ntohl(number);
}

static void mix(uint64_t *hash, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < length; i++)
		*hash = (*hash ^ at[i]) * UINT64_C(0x100000001b3);
}

static bool is_expression(const struct nlattr *element, const char *name)
{
	const struct nlattr *attr =
		element ? attrs_find(attrs_of(element), NFTA_EXPR_NAME) : NULL;

	return attr && strcmp((const char *)attr + NLA_HDRLEN, name) == 0;
}

static bool is_mark(const struct nlattr *element)
{
	const struct nlattr *data = attrs_find(attrs_of(element), NFTA_EXPR_DATA);

	return is_expression(element, "ct") && data &&
	       number_of(attrs_find(attrs_of(data), NFTA_CT_KEY)) == NFT_CT_MARK;
}

/* All but the value that is put into the mark, or compared with it. */
static void mix_expressions(uint64_t *hash, struct attrs list)
{
	const struct nlattr *element, *before = NULL;

	while ((element = attrs_next(&list))) {
		struct attrs ahead = list;
		const struct nlattr *after = attrs_next(&ahead);
		bool set = is_expression(element, "immediate") && after && is_mark(after);
		bool compared =
			is_expression(element, "cmp") && before && is_mark(before);

		if (!set && !compared)
			mix(hash, element, element->nla_len);
		before = element;
	}
}

/* By message: what is left out, as bits. */
static uint64_t left_out(int message)
{
	switch (message) {
	case NFT_MSG_NEWTABLE:
		return 1u << NFTA_TABLE_USE | 1u << NFTA_TABLE_HANDLE |
		       1u << NFTA_TABLE_OWNER | 1u << NFTA_TABLE_FLAGS;
	case NFT_MSG_NEWCHAIN:
		return 1u << NFTA_CHAIN_HANDLE | 1u << NFTA_CHAIN_USE |
		       1u << NFTA_CHAIN_COUNTERS;
	case NFT_MSG_NEWRULE:
		return 1u << NFTA_RULE_HANDLE | 1u << NFTA_RULE_POSITION |
		       1u << NFTA_RULE_EXPRESSIONS;
	case NFT_MSG_NEWSET:
		return 1u << NFTA_SET_HANDLE | 1u << 20 /* NFTA_SET_COUNT */;
	default:
		return 0;
	}
}

/* --- dumps ---------------------------------------------------------------------------------- */

struct reading {
	int fd;
	uint64_t hash, elements; /* the latter come in any order */
	bool found;
	char sets[32][64]; /* whose elements are to be read */
	size_t count;
};

static void note_set(struct reading *reading, struct attrs attrs)
{
	uint32_t flags = number_of(attrs_find(attrs, NFTA_SET_FLAGS));
	const struct nlattr *name = attrs_find(attrs, NFTA_SET_NAME);

	if (!name || flags & (NFT_SET_EVAL | NFT_SET_TIMEOUT) || reading->count == 32)
		return;
	snprintf(reading->sets[reading->count++], sizeof(reading->sets[0]), "%s",
		 (const char *)name + NLA_HDRLEN);
}

static void add_elements(struct reading *reading, struct attrs attrs)
{
	const struct nlattr *set = attrs_find(attrs, NFTA_SET_ELEM_LIST_SET), *element;
	const struct nlattr *elements = attrs_find(attrs, NFTA_SET_ELEM_LIST_ELEMENTS);
	struct attrs list = elements ? attrs_of(elements) : (struct attrs){ NULL, 0 };

	while ((element = attrs_next(&list))) {
		uint64_t hash = HASH_BEGIN;

		mix(&hash, set, set ? set->nla_len : 0);
		mix(&hash, element, element->nla_len);
		reading->elements += hash;
	}
}

static void take_message(struct reading *reading, const struct nlmsghdr *m)
{
	int message = m->nlmsg_type & 0xff;
	struct attrs attrs = { (const char *)NLMSG_DATA(m) + sizeof(struct nfgenmsg),
			       m->nlmsg_len - NLMSG_LENGTH(sizeof(struct nfgenmsg)) };
	const struct nlattr *table = attrs_find(attrs, 1); /* in all of them */
	const struct nlattr *attr;

	if (!table || strcmp((const char *)table + NLA_HDRLEN, KERNEL_TABLE) != 0)
		return;
	reading->found = true;
	if (message == NFT_MSG_NEWSETELEM) {
		add_elements(reading, attrs);
		return;
	}
	if (message == NFT_MSG_NEWSET)
		note_set(reading, attrs);
	if (message == NFT_MSG_NEWTABLE) {
		uint32_t flags = number_of(attrs_find(attrs, NFTA_TABLE_FLAGS)) &
				 NFT_TABLE_F_DORMANT;

		mix(&reading->hash, &flags, sizeof(flags));
	}
	if (message == NFT_MSG_NEWRULE &&
	    (attr = attrs_find(attrs, NFTA_RULE_EXPRESSIONS)))
		mix_expressions(&reading->hash, attrs_of(attr));
	while ((attr = attrs_next(&attrs)))
		if (!(left_out(message) >> (attr->nla_type & 31) & 1))
			mix(&reading->hash, attr, attr->nla_len);
}

static void read_answers(struct reading *reading)
{
	_Alignas(struct nlmsghdr) static char bytes[CHUNK];
	ssize_t got;

	while ((got = recv(reading->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *m = (const void *)bytes;

		for (; NLMSG_OK(m, got); m = NLMSG_NEXT(m, got))
			if (m->nlmsg_type == NLMSG_DONE || m->nlmsg_type == NLMSG_ERROR)
				return;
			else
				take_message(reading, m);
	}
}

static void dump(struct reading *reading, int message, const char *set)
{
	struct request request;

	begin_request(&request, message, NLM_F_DUMP);
	put_name(&request, 1, KERNEL_TABLE);
	if (set)
		put_name(&request, NFTA_SET_ELEM_LIST_SET, set);
	mix(&reading->hash, &message, sizeof(message));
	if (send(reading->fd, &request, request.header.nlmsg_len, 0) >= 0)
		read_answers(reading);
}

static uint64_t kernel_fingerprint(int fd)
{
	struct reading reading = { .fd = fd, .hash = HASH_BEGIN };

	dump(&reading, NFT_MSG_GETTABLE, NULL);
	if (!reading.found)
		return KERNEL_NONE;
	dump(&reading, NFT_MSG_GETCHAIN, NULL);
	dump(&reading, NFT_MSG_GETRULE, NULL);
	dump(&reading, NFT_MSG_GETSET, NULL);
	for (size_t i = 0; i < reading.count; i++)
		dump(&reading, NFT_MSG_GETSETELEM, reading.sets[i]);
	mix(&reading.hash, &reading.elements, sizeof(reading.elements));
	return reading.hash ? reading.hash : 1;
}

/* Takes the table away. */
static inline void kernel_clear(int fd)
{
	struct {
		struct request begin, remove, end;
	} batch;
	struct iovec parts[3];
	struct request *requests[] = { &batch.begin, &batch.remove, &batch.end };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 3 };

	begin_request(&batch.begin, 0, 0);
	begin_request(&batch.remove, NFT_MSG_DELTABLE, 0);
	begin_request(&batch.end, 0, 0);
	batch.begin.header.nlmsg_type = NFNL_MSG_BATCH_BEGIN;
	batch.end.header.nlmsg_type = NFNL_MSG_BATCH_END;
	batch.begin.body.res_id = batch.end.body.res_id = htons(NFNL_SUBSYS_NFTABLES);
	batch.begin.body.nfgen_family = batch.end.body.nfgen_family = 0;
	put_name(&batch.remove, NFTA_TABLE_NAME, KERNEL_TABLE);
	for (size_t i = 0; i < 3; i++)
		parts[i] = (struct iovec){ requests[i], requests[i]->header.nlmsg_len };
	(void)sendmsg(fd, &message, 0);
	while (recv(fd, &batch, sizeof(batch), MSG_DONTWAIT) > 0)
		;
}
