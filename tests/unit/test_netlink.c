#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>

#include <cmocka.h>

#include "entrypoint/netlink.h"
#include "tests/unit/ruleset_place.h"

/* A kernel that lacks one feature: it refuses the messages of one type that hold some bytes, and takes
 * all others. Such kernels are WSL2's, and those of small machines. */
struct lack {
	const char *feature;
	unsigned int type;
	const char *bytes;
	size_t length;
};

#define BYTES(text) text, sizeof(text) - 1
#define SET_FLAGS                                                                        \
	"\x08\x00\x03\x00\x00\x00\x00" /* the attribute, but for the last byte */

static const struct lack lacks[] = {
	{ "nf_tables for inet (CONFIG_NF_TABLES_INET)", NFT_MSG_NEWTABLE, "", 0 },
	{ "sets of address ranges (nft_set_rbtree)", NFT_MSG_NEWSET,
	  BYTES(SET_FLAGS "\x04") },
	{ "sets of ranges of address . protocol . port (Linux 5.6)", NFT_MSG_NEWSET,
	  BYTES(SET_FLAGS "\x84") },
	{ "connection tracking (nft_ct)", NFT_MSG_NEWRULE,
	  BYTES("\x01\x00"
		"ct\0") },
	{ "reject (nft_reject_inet)", NFT_MSG_NEWRULE, BYTES("reject\0") },
	{ "types of addresses (nft_fib_inet)", NFT_MSG_NEWRULE, BYTES("fib\0") },
	{ "NAT for inet (Linux 5.2, nft_chain_nat, nft_redir)", NFT_MSG_NEWCHAIN,
	  BYTES("nat\0") },
};

static const struct lack *lack;
static char answers[64 * 1024];
static size_t answered;

static void answer(const struct nlmsghdr *to, int code)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} *m = (void *)(answers + answered);

	assert_true(answered + sizeof(*m) <= sizeof(answers));
	*m = (typeof(*m)){ { sizeof(*m), NLMSG_ERROR, 0, to->nlmsg_seq, 0 },
			   { -code, *to } };
	answered += sizeof(*m);
}

static bool refuses(const struct nlmsghdr *m)
{
	return (m->nlmsg_type & 0xff) == lack->type &&
	       m->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES &&
	       (!lack->length || memmem(m, m->nlmsg_len, lack->bytes, lack->length));
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags);

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
	static char batch[256 * 1024];
	size_t length = 0;

	(void)fd, (void)flags;
	for (size_t i = 0; i < message->msg_iovlen; i++) {
		assert_true(length + message->msg_iov[i].iov_len <= sizeof(batch));
		memcpy(batch + length, message->msg_iov[i].iov_base,
		       message->msg_iov[i].iov_len);
		length += message->msg_iov[i].iov_len;
	}
	for (size_t at = 0; at < length;) {
		const struct nlmsghdr *m = (const void *)(batch + at);

		if (refuses(m))
			answer(m, EOPNOTSUPP);
		else if (m->nlmsg_flags & NLM_F_ACK)
			answer(m, 0);
		at += NLMSG_ALIGN(m->nlmsg_len);
	}
	return (ssize_t)length;
}

ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags)
{
	size_t length = answered;

	(void)fd, (void)flags;
	if (!length) {
		errno = EAGAIN;
		return -1;
	}
	length = length < size ? length : size / NLMSG_HDRLEN * NLMSG_HDRLEN;
	memcpy(bytes, answers, length);
	answered = 0;
	return (ssize_t)length;
}

static void what_a_kernel_lacks_is_named(void **state)
{
	struct netlink *netlink CLEANUP(netlink_closep) = NULL;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(netlink_open(&netlink, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(lacks); i++) {
		struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
		struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;
		char wanted[256];

		lack = &lacks[i];
		plan->dns = STANCE_GUARDED; /* needs most */
		ruleset = ruleset_of(plan, NULL);
		assert_int_equal(netlink_apply(netlink, ruleset, &err), -1);
		assert_int_equal(err.kind, ERROR_KERNEL);
		snprintf(wanted, sizeof(wanted), "this kernel lacks %s; it refused '",
			 lack->feature);
		assert_memory_equal(err.text, wanted, strlen(wanted));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_kernel_lacks_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
