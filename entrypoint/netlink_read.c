#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>

#include "entrypoint/netlink.h"
#include "entrypoint/netlink_socket.h"
#include "lib/draft.h"
#include "lib/messages.h"

/* Reading back what stands. */

/* A commit of somebody else cuts a dump; Docker makes a few when a container is
 * connected. */
#define ATTEMPTS 20

static int refused(struct error *err, int number, const char *what)
{
	if (number == EPERM)
		return error_set(
			err, ERROR_PRIVILEGE,
			"CAP_NET_ADMIN is missing, so no fence can be read: docker run "
			"--cap-add NET_ADMIN");
	return error_errno(err, ERROR_KERNEL, number, "reading the %s of inet %s", what,
			   RULESET_TABLE);
}

/* The attribute that names the table has the same number in all of these messages. */
static bool is_ours(const struct nlmsghdr *m)
{
	const struct nlattr *attr;

	mnl_attr_for_each (attr, m, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME)
			return mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0 &&
			       strcmp(mnl_attr_get_str(attr), RULESET_TABLE) == 0;
	return false;
}

/* Takes other tables' messages out of bytes that begin at `from`. */
static void keep_ours(struct buf *bytes, size_t from)
{
	size_t length = bytes->length, kept = from;
	const struct nlmsghdr *m;

	for (size_t at = from; (m = messages_next(bytes->data, length, &at));) {
		size_t whole = MNL_ALIGN((size_t)m->nlmsg_len);

		if (m->nlmsg_type < NLMSG_MIN_TYPE || !is_ours(m))
			continue;
		/* What fills it up, too: the last attribute may end there. */
		memmove(bytes->data + kept, m, whole);
		kept += whole;
	}
	bytes->length = kept;
}

static enum dump_result read_kind(struct netlink *netlink, uint16_t type, const char *set,
				  struct buf *out)
{
	_Alignas(struct nlmsghdr) char bytes[256];
	struct nlmsghdr *request =
		nftnl_nlmsg_build_hdr(bytes, type, NFPROTO_INET, NLM_F_DUMP, 0);
	size_t from = out->length;
	enum dump_result result;

	mnl_attr_put_strz(request, NFTA_TABLE_NAME, RULESET_TABLE);
	if (set)
		mnl_attr_put_strz(request, NFTA_SET_ELEM_LIST_SET, set);
	result = netlink_read_dump(netlink, request, out);
	/* No table: nothing to read, which is an answer. */
	if (result == DUMP_FAILED && errno == ENOENT && !set)
		result = DUMP_DONE;
	if (result == DUMP_DONE && !set)
		keep_ours(out, from);
	return result;
}

static uint16_t nft_type(const struct nlmsghdr *m)
{
	return NFNL_SUBSYS_ID(m->nlmsg_type) == NFNL_SUBSYS_NFTABLES
		       ? NFNL_MSG_TYPE(m->nlmsg_type)
		       : UINT16_MAX;
}

/* The elements of the set that `m` describes, if they are ours to know: those that a rule
 * adds or that time out come and go. */
static enum dump_result read_elements(struct netlink *netlink, const struct nlmsghdr *m,
				      struct buf *out)
{
	char name[NFT_NAME_MAXLEN] = "";
	const struct nlattr *attr;
	uint32_t flags = 0;

	mnl_attr_for_each (attr, m, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == NFTA_SET_NAME &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			snprintf(name, sizeof(name), "%s", mnl_attr_get_str(attr));
		if (mnl_attr_get_type(attr) == NFTA_SET_FLAGS &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
			flags = ntohl(mnl_attr_get_u32(attr));
	}
	if (flags & (NFT_SET_EVAL | NFT_SET_TIMEOUT))
		return DUMP_DONE;
	return read_kind(netlink, NFT_MSG_GETSETELEM, name, out);
}

static enum dump_result read_all(struct netlink *netlink, bool elements, struct buf *out,
				 const char **ret_what)
{
	static const struct {
		uint16_t type;
		const char *what;
	} kinds[] = { { NFT_MSG_GETTABLE, "table" },
		      { NFT_MSG_GETCHAIN, "chains" },
		      { NFT_MSG_GETRULE, "rules" },
		      { NFT_MSG_GETSET, "sets" } };
	enum dump_result result = DUMP_DONE;
	size_t described;

	for (size_t i = 0; i < ARRAY_SIZE(kinds) && result == DUMP_DONE; i++) {
		*ret_what = kinds[i].what;
		result = read_kind(netlink, kinds[i].type, NULL, out);
	}
	described = out->length;
	for (size_t at = 0; at < described && elements && result == DUMP_DONE;) {
		const struct nlmsghdr *m = (const void *)(out->data + at);

		at += MNL_ALIGN(m->nlmsg_len);
		*ret_what = "elements";
		if (nft_type(m) == NFT_MSG_NEWSET)
			result = read_elements(netlink, m, out);
	}
	return result;
}

static enum dump_result read_everybody(struct netlink *netlink, struct buf *out,
				       const char **ret_what)
{
	static const uint16_t types[] = { NFT_MSG_GETCHAIN, NFT_MSG_GETSET,
					  NFT_MSG_GETRULE };
	enum dump_result result = DUMP_DONE;

	*ret_what = "neighbours";
	for (size_t i = 0; i < ARRAY_SIZE(types) && result == DUMP_DONE; i++) {
		_Alignas(struct nlmsghdr) char bytes[256];

		result = netlink_read_dump(netlink,
					   nftnl_nlmsg_build_hdr(bytes, types[i],
								 NFPROTO_UNSPEC,
								 NLM_F_DUMP, 0),
					   out);
	}
	return result;
}

/* The number of the last commit to the namespace's tables, whoever made it. */
static int read_generation(struct netlink *netlink, uint32_t *ret)
{
	_Alignas(struct nlmsghdr) char bytes[256];
	const struct nlmsghdr *answer;
	const struct nlattr *attr;

	nftnl_nlmsg_build_hdr(bytes, NFT_MSG_GETGEN, AF_UNSPEC, 0, 0);
	answer = netlink_ask(netlink, bytes, sizeof(bytes));
	if (!answer)
		return -1;
	mnl_attr_for_each (attr, answer, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) != NFTA_GEN_ID ||
		    mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
			continue;
		*ret = ntohl(mnl_attr_get_u32(attr));
		return 0;
	}
	errno = EBADMSG;
	return -1;
}

enum extent {
	EXTENT_FRAME, /* without the elements of sets */
	EXTENT_WHOLE,
	EXTENT_EVERYBODY, /* all tables */
};

static int read_tables(struct netlink *netlink, enum extent extent, struct buf *out,
		       struct error *err)
{
	for (size_t i = 0; i < ATTEMPTS; i++) {
		enum dump_result result;
		uint32_t before, after;
		const char *what = "generation";

		buf_clear(out);
		if (read_generation(netlink, &before) < 0)
			return refused(err, errno, what);
		result = extent == EXTENT_EVERYBODY
				 ? read_everybody(netlink, out, &what)
				 : read_all(netlink, extent == EXTENT_WHOLE, out, &what);
		/* A set may go away between its description and its elements. */
		if (result == DUMP_FAILED && errno != ENOENT)
			return refused(err, errno, what);
		if (result != DUMP_DONE)
			continue;
		if (read_generation(netlink, &after) < 0)
			return refused(err, errno, "generation");
		if (after == before)
			return 0;
	}
	return error_set(
		err, ERROR_KERNEL,
		"reading inet %s: somebody changes the namespace's tables all the time",
		RULESET_TABLE);
}

int netlink_dump(struct netlink *netlink, struct dump *ret, struct error *err)
{
	return read_tables(netlink, EXTENT_WHOLE, &ret->bytes, err);
}

int netlink_read_frame(struct netlink *netlink, struct dump *ret, struct error *err)
{
	return read_tables(netlink, EXTENT_FRAME, &ret->bytes, err);
}

int netlink_dump_all(struct netlink *netlink, struct dump *ret, struct error *err)
{
	return read_tables(netlink, EXTENT_EVERYBODY, &ret->bytes, err);
}

int netlink_read_counts(struct netlink *netlink, struct buf *ret, struct error *err)
{
	for (size_t i = 0; i < 2; i++)
		if (read_kind(netlink, NFT_MSG_GETSETELEM, set_refused[i].name, ret) ==
			    DUMP_FAILED &&
		    errno != ENOENT)
			return refused(err, errno, "counters");
	return ret->failed ? error_memory(err) : 0;
}

int netlink_table_exists(struct netlink *netlink, bool *ret, struct error *err)
{
	_Alignas(struct nlmsghdr) char bytes[1024];
	struct nlmsghdr *request =
		nftnl_nlmsg_build_hdr(bytes, NFT_MSG_GETCHAIN, NFPROTO_INET, 0, 0);

	mnl_attr_put_strz(request, NFTA_CHAIN_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(request, NFTA_CHAIN_NAME, "output");
	*ret = netlink_ask(netlink, bytes, sizeof(bytes)) != NULL;
	if (!*ret && errno != ENOENT)
		return refused(err, errno, "chains");
	return 0;
}
