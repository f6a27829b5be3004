#include "entrypoint/netlink.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>

#include "entrypoint/netlink_socket.h"
#include "lib/messages.h"

/* Around the messages of a ruleset, which are numbered by their index. An error that
 * concerns no single message names SEQ_BEGIN. */
#define SEQ_BEGIN 0xfffffff0u
#define SEQ_END 0xfffffff1u
#define WRAPPING 64 /* bytes that begin and end take, at most */

/* The kernel keeps this much of a socket's buffer for itself. */
#define SNDBUF_SLACK 32

int netlink_open(struct netlink **ret, struct error *err)
{
	struct netlink *netlink = calloc(1, sizeof(*netlink));

	if (!netlink)
		return error_memory(err);
	if (netlink_socket_open(netlink, NETLINK_NETFILTER) < 0) {
		int number = errno;

		free(netlink);
		if (number == EPROTONOSUPPORT || number == EAFNOSUPPORT)
			return error_set(
				err, ERROR_KERNEL,
				"this kernel has no netfilter (gVisor has none), so no "
				"fence can stand here");
		return error_errno(err, ERROR_KERNEL, number,
				   "netfilter's netlink socket");
	}
	*ret = netlink;
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (!netlink)
		return;
	netlink_socket_close(netlink);
	buf_release(&netlink->batch);
	free(netlink);
}

/* Without CAP_NET_ADMIN in the first user namespace (rootless, userns-remap) the plain
 * option is all there is, and net.core.wmem_max bounds it. */
static void make_room(struct netlink *netlink, size_t wanted)
{
	int bytes = wanted < INT_MAX / 2 ? (int)wanted : INT_MAX / 2, have = 0;
	socklen_t length = sizeof(have);

	if (netlink->room >= wanted)
		return;
	if (setsockopt(netlink->fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) <
	    0)
		(void)setsockopt(netlink->fd, SOL_SOCKET, SO_SNDBUF, &bytes,
				 sizeof(bytes));
	if (getsockopt(netlink->fd, SOL_SOCKET, SO_SNDBUF, &have, &length) == 0 &&
	    have > SNDBUF_SLACK)
		netlink->room = (size_t)have - SNDBUF_SLACK;
}

/* The bytes of messages [from, to). */
static size_t span_bytes(const struct ruleset *ruleset, size_t from, size_t to)
{
	const struct ruleset_message *last;

	if (from == to)
		return 0;
	last = &ruleset->messages[to - 1];
	return last->offset + last->length - ruleset->messages[from].offset;
}

/* What the kernel said to a transaction. */
struct refusal {
	int code;      /* errno of the first error; 0: none */
	uint32_t seq;  /* the message it names */
	char why[128]; /* the kernel's own words, or empty */
	bool answered; /* the last message was */
	bool silent;   /* it was not, nor was an error told: it may have been taken */
};

static void copy_reason(const struct nlmsghdr *m, struct refusal *refusal)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);
	size_t skip = sizeof(*e);
	const struct nlattr *attr;

	if (!(m->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(m->nlmsg_flags & NLM_F_CAPPED))
		skip += mnl_nlmsg_get_payload_len(m) > sizeof(*e)
				? MNL_ALIGN(e->msg.nlmsg_len) - MNL_NLMSG_HDRLEN
				: 0;
	mnl_attr_for_each (attr, m, skip) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			escape(refusal->why, sizeof(refusal->why), mnl_attr_get_str(attr),
			       strlen(mnl_attr_get_str(attr)));
	}
}

static void read_answer(const struct nlmsghdr *m, struct refusal *refusal)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);

	if (m->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(m) < sizeof(*e))
		return;
	if (e->error == 0) {
		refusal->answered = true;
	} else if (refusal->code == 0) {
		refusal->code = -e->error;
		refusal->seq = e->msg.nlmsg_seq;
		copy_reason(m, refusal);
	}
}

/* All answers lie in the socket when sendmsg() returns: the kernel works in our call.
 * Errors come in the order of the messages, and the answer to the last one, success or
 * not, behind them; so its success is the end. When there were too many to keep
 * (ENOBUFS) the first ones are there. */
static void read_answers(struct netlink *netlink, struct refusal *refusal)
{
	_Alignas(struct nlmsghdr) char bytes[8192];

	while (!refusal->answered) {
		ssize_t got = recv(netlink->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		const struct nlmsghdr *m;

		if (got < 0 && (errno == EINTR || errno == ENOBUFS))
			continue;
		if (got <= 0)
			return;
		for (size_t at = 0; (m = messages_next(bytes, (size_t)got, &at));)
			read_answer(m, refusal);
	}
}

/* Sends one transaction and hears what the kernel says to it. */
static int converse(struct netlink *netlink, const struct msghdr *message,
		    struct refusal *refusal)
{
	ssize_t sent;

	*refusal = (struct refusal){ .seq = SEQ_BEGIN };
	netlink_drain(netlink);
	do {
		sent = sendmsg(netlink->fd, message, 0);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0) {
		refusal->code = errno;
		return -1;
	}
	read_answers(netlink, refusal);
	refusal->silent = refusal->code == 0 && !refusal->answered;
	if (refusal->silent)
		refusal->code = ENOBUFS;
	return refusal->code ? -1 : 0;
}

/* Messages [from, to) as one transaction. Only the last message asks for an answer: one
 * to each would not fit in the socket, and errors come unasked. Its header is sent from
 * a copy, because which message is the last depends on how the ruleset is cut. */
static int transact(struct netlink *netlink, const struct ruleset *ruleset, size_t from,
		    size_t to, struct refusal *refusal)
{
	const struct ruleset_message *last = &ruleset->messages[to - 1];
	size_t start = ruleset->messages[from].offset;
	char *bytes = ruleset->bytes.data, begin[WRAPPING / 2], end[WRAPPING / 2];
	struct nlmsghdr header;
	struct iovec parts[] = {
		{ begin, nftnl_batch_begin(begin, SEQ_BEGIN)->nlmsg_len },
		{ bytes + start, last->offset - start },
		{ &header, sizeof(header) },
		{ bytes + last->offset + sizeof(header), last->length - sizeof(header) },
		{ end, nftnl_batch_end(end, SEQ_END)->nlmsg_len },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = ARRAY_SIZE(parts) };

	memcpy(&header, bytes + last->offset, sizeof(header));
	header.nlmsg_flags |= NLM_F_ACK;
	make_room(netlink, last->offset + last->length - start + WRAPPING);
	return converse(netlink, &message, refusal);
}

/* How far a transaction that begins at `from` reaches. */
static size_t transaction_end(const struct netlink *netlink,
			      const struct ruleset *ruleset, size_t from)
{
	size_t to = from + 1;

	if (from >= ruleset->swap)
		return ruleset->count;
	while (to < ruleset->swap &&
	       span_bytes(ruleset, from, to + 1) + WRAPPING <= netlink->room)
		to++;
	return to;
}

/* The feature that is missing, after the kernel refused a message without a plain
 * reason. */
static const char *missing_feature(struct netlink *netlink, const struct ruleset *refused)
{
	struct trial trial = { .feature = "" };

	for (size_t i = 0; trial.feature; i++) {
		struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;
		struct refusal refusal;
		struct error err;

		if (ruleset_build_trial(i, &trial, &ruleset, &err) < 0 || !trial.feature)
			return NULL;
		if ((trial.guarded && !refused->guarded) ||
		    (trial.optional && refused->quiet))
			continue;
		if (transact(netlink, ruleset, 0, ruleset->count, &refusal) < 0)
			break;
	}
	netlink->optional = trial.optional;
	return trial.feature;
}

static int explain(struct netlink *netlink, const struct ruleset *ruleset,
		   const struct refusal *refusal, struct error *err)
{
	const char *what = refusal->seq < ruleset->count
				   ? ruleset->messages[refusal->seq].what
				   : "the transaction";
	const char *feature = NULL;

	if (refusal->silent)
		return error_set(err, ERROR_PROOF,
				 "the kernel did not say whether it took the fence");
	/* Without the capability nothing is looked at; with it, a single message is
	 * refused when somebody holds the table by its `owner` flag. */
	if (refusal->code == EPERM && refusal->seq == SEQ_BEGIN)
		return error_set(
			err, ERROR_PRIVILEGE,
			"CAP_NET_ADMIN is missing, so no fence can be put up: docker "
			"run --cap-add NET_ADMIN");
	if (refusal->code == EPERM)
		return error_set(
			err, ERROR_KERNEL,
			"the kernel refused '%s': another process owns table inet %s",
			what, RULESET_TABLE);
	if (refusal->code == ENOENT || refusal->code == EOPNOTSUPP ||
	    refusal->code == EINVAL || refusal->code == EAFNOSUPPORT ||
	    refusal->code == EPROTONOSUPPORT)
		feature = missing_feature(netlink, ruleset);
	if (feature)
		return error_errno(err, ERROR_KERNEL, refusal->code,
				   "this kernel lacks %s; it refused '%s'", feature,
				   what);
	return error_errno(err, ERROR_KERNEL, refusal->code,
			   "the kernel refused '%s'%s%s", what,
			   refusal->why[0] ? ": " : "", refusal->why);
}

/* After a refusal: the sets that transactions before it made go again; and what is no
 * fence then, because none stood before, goes too. */
static void undo(struct netlink *netlink, const struct ruleset *ruleset, size_t end)
{
	struct ruleset *back CLEANUP(ruleset_freep) = NULL;
	struct refusal ignored;
	struct error err;
	bool stands;

	if (end == 0)
		return;
	if (ruleset_build_undo(ruleset, end, &back, &err) == 0)
		(void)transact(netlink, back, 0, back->count, &ignored);
	if (netlink_table_exists(netlink, &stands, &err) == 0 && !stands)
		(void)!netlink_table_delete(netlink, &err);
}

int netlink_apply(struct netlink *netlink, const struct ruleset *ruleset,
		  struct error *err)
{
	struct refusal refusal;

	netlink->optional = false;
	make_room(netlink, span_bytes(ruleset, 0, ruleset->swap) + WRAPPING);
	for (size_t from = 0, to; from < ruleset->count; from = to) {
		to = transaction_end(netlink, ruleset, from);
		if (transact(netlink, ruleset, from, to, &refusal) == 0)
			continue;
		undo(netlink, ruleset, from);
		return explain(netlink, ruleset, &refusal, err);
	}
	return 0;
}

int netlink_table_delete(struct netlink *netlink, struct error *err)
{
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;
	struct refusal refusal;

	if (ruleset_build_removal(&ruleset, err) < 0)
		return -1;
	if (transact(netlink, ruleset, 0, ruleset->count, &refusal) < 0)
		return explain(netlink, ruleset, &refusal, err);
	return 0;
}

int netlink_can_own(struct netlink *netlink, bool *ret, struct error *err)
{
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;
	struct refusal refusal = { 0 };

	if (netlink->own == OWN_UNTRIED) {
		if (ruleset_build_own_trial(&ruleset, err) < 0)
			return -1;
		/* That it does not know the flag, it says so. Anything else is no reason to go
		 * without. */
		if (transact(netlink, ruleset, 0, ruleset->count, &refusal) < 0 &&
		    refusal.code != EOPNOTSUPP && refusal.code != EINVAL)
			return explain(netlink, ruleset, &refusal, err);
		netlink->own = refusal.code ? OWN_REFUSED : OWN_TAKEN;
	}
	*ret = netlink->own == OWN_TAKEN;
	return 0;
}

/* One buffer from begin to end; its messages are numbered from 0. */
static int send_learned(struct netlink *netlink, const struct lease_op *ops, size_t count,
			bool plain, struct refusal *refusal, struct error *err)
{
	struct buf *batch = &netlink->batch;
	char begin[WRAPPING / 2], end[WRAPPING / 2];
	struct iovec part;
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	size_t last;

	buf_clear(batch);
	buf_add(batch, begin, nftnl_batch_begin(begin, SEQ_BEGIN)->nlmsg_len);
	if (ruleset_learn(ops, count, plain, batch, &last, err) < 0)
		return -1;
	((struct nlmsghdr *)(void *)(batch->data + last))->nlmsg_flags |= NLM_F_ACK;
	buf_add(batch, end, nftnl_batch_end(end, SEQ_END)->nlmsg_len);
	if (batch->failed)
		return error_memory(err);
	part = (struct iovec){ batch->data, batch->length };
	make_room(netlink, batch->length);
	(void)converse(netlink, &message, refusal);
	return 0;
}

int netlink_learn(struct netlink *netlink, const struct lease_op *ops, size_t count,
		  bool plain, bool *ret_gone, struct error *err)
{
	struct refusal refusal = { .code = ENOENT };

	*ret_gone = false;
	/* Once more, because before Linux 6.8 an element can expire between the step that adds
	 * it and the one that deletes it. */
	for (int i = 0; i < 2 && count > 0 && refusal.code == ENOENT; i++)
		if (send_learned(netlink, ops, count, plain, &refusal, err) < 0)
			return -1;
	if (count == 0 || refusal.code == 0)
		return 0;
	*ret_gone = refusal.code == ENOENT;
	return error_errno(err, ERROR_KERNEL, refusal.code,
			   "the kernel refused %zu learned addresses%s%s", count,
			   refusal.why[0] ? ": " : "", refusal.why);
}
