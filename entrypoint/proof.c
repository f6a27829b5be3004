#include "entrypoint/proof.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "entrypoint/fd.h"
#include "entrypoint/capabilities.h"

/* Nobody listens there (discard); no packet leaves anyway. */
#define CANARY_PORT 9

/* The `inet` family of nftables; its header does not go with <netinet/in.h>. */
#define PROTO_INET 1

/* The kernel's own bound for supplementary groups (NGROUPS_MAX). */
#define GROUPS_MAX 65536

static int prove_ids(const struct user *user, struct error *err)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;

	if (getresuid(&ruid, &euid, &suid) < 0 || getresgid(&rgid, &egid, &sgid) < 0 ||
	    ruid != user->uid || euid != user->uid || suid != user->uid ||
	    rgid != user->gid || egid != user->gid || sgid != user->gid)
		return error_set(err, ERROR_PROOF,
				 "the ids are not those of uid %u, gid %u", user->uid,
				 user->gid);
	/* Tried, not only read. */
	if (user->uid != 0 && setresuid(0, 0, 0) == 0)
		return error_set(err, ERROR_PROOF, "uid 0 can be had back");
	return 0;
}

static bool is_group_of(const struct user *user, gid_t gid)
{
	for (size_t i = 0; i < user->group_count; i++)
		if (user->groups[i] == gid)
			return true;
	return false;
}

static int prove_groups(const struct user *user, struct error *err)
{
	gid_t *groups = calloc(GROUPS_MAX, sizeof(*groups));
	int count = groups ? getgroups(GROUPS_MAX, groups) : 0;
	bool equal = count >= 0 && (size_t)count == user->group_count;

	for (int i = 0; i < count && equal; i++)
		equal = is_group_of(user, groups[i]);
	if (!groups)
		return error_memory(err);
	free(groups);
	return equal ? 0
		     : error_set(err, ERROR_PROOF,
				 "the supplementary groups are not the user's");
}

static int prove_capabilities(uint64_t bounding, struct error *err)
{
	static const struct {
		enum capability_set set;
		const char *name;
	} sets[] = {
		{ CAPABILITIES_EFFECTIVE, "effective" },
		{ CAPABILITIES_PERMITTED, "permitted" },
		{ CAPABILITIES_INHERITABLE, "inheritable" },
		{ CAPABILITIES_AMBIENT, "ambient" },
		{ CAPABILITIES_BOUNDING, "bounding" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		uint64_t may = sets[i].set == CAPABILITIES_BOUNDING ? bounding : 0;
		uint64_t left = capabilities_read(sets[i].set) & ~may;

		if (left)
			return error_set(err, ERROR_PROOF,
					 "capabilities are left (%s: %016llx)",
					 sets[i].name, (unsigned long long)left);
	}
	return 0;
}

/* The container has a filter of its own as a rule, so the mode alone proves nothing: what only
 * our filter answers is tried. */
static int prove_confinement(struct error *err)
{
	CLEANUP(close_fdp) int packet = -1;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return error_set(err, ERROR_PROOF, "no_new_privs is not set");
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_FILTER)
		return error_set(err, ERROR_PROOF, "no seccomp filter is in force");
	packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (packet >= 0 || errno != EAFNOSUPPORT)
		return error_set(err, ERROR_PROOF,
				 "packet sockets are not refused by seccomp");
	if (syscall(SYS_io_uring_setup, 0, NULL) >= 0 || errno != ENOSYS)
		return error_set(err, ERROR_PROOF, "io_uring is not refused by seccomp");
	return 0;
}

/* Credentials belong to threads: one that was left over would have kept everything. */
static int prove_single_thread(struct error *err)
{
	struct stat tasks;

	if (stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink != 3)
		return error_set(err, ERROR_PROOF, "another thread is running");
	return 0;
}

int proof_of_loss(const struct proof *proof, struct error *err)
{
	if (prove_single_thread(err) < 0 ||
	    prove_capabilities(proof->bounding, err) < 0 ||
	    prove_ids(proof->user, err) < 0)
		return -1;
	if (proof->locked && prove_groups(proof->user, err) < 0)
		return -1;
	if (proof->locked && proof->confined &&
	    prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) != CAPABILITIES_SECUREBITS)
		return error_set(err, ERROR_PROOF, "securebits are not locked");
	return proof->confined ? prove_confinement(err) : 0;
}

/* Two messages: a table to add, and one to delete that cannot be there, so that the whole is
 * undone even where it is allowed. 0: memory ran out. */
static size_t build_attempt(char *bytes, size_t size)
{
	struct mnl_nlmsg_batch *batch = mnl_nlmsg_batch_start(bytes, size);
	struct nlmsghdr *message;
	size_t length;

	if (!batch)
		return 0;
	nftnl_batch_begin(mnl_nlmsg_batch_current(batch), 1);
	mnl_nlmsg_batch_next(batch);
	message = nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(batch), NFT_MSG_NEWTABLE,
					PROTO_INET, NLM_F_CREATE | NLM_F_ACK, 2);
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, "netpale-attempt");
	mnl_nlmsg_batch_next(batch);
	message = nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(batch), NFT_MSG_DELTABLE,
					PROTO_INET, NLM_F_ACK, 3);
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, "netpale-attempt-undone");
	mnl_nlmsg_batch_next(batch);
	nftnl_batch_end(mnl_nlmsg_batch_current(batch), 4);
	mnl_nlmsg_batch_next(batch);
	length = mnl_nlmsg_batch_size(batch);
	mnl_nlmsg_batch_stop(batch);
	return length;
}

/* The first answer; netlink answers before send() returns, so nothing is waited for. */
static int read_refusal(int fd)
{
	union {
		struct nlmsghdr header;
		char bytes[8192];
	} answer;
	ssize_t length = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT);

	if (length < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) ||
	    answer.header.nlmsg_type != NLMSG_ERROR)
		return 0;
	return -((const struct nlmsgerr *)NLMSG_DATA(&answer.header))->error;
}

int proof_of_closed_tables(struct error *err)
{
	union {
		struct nlmsghdr header;
		char bytes[4096];
	} request;
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	CLEANUP(close_fdp) int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	size_t length;
	int refusal;

	/* Closed by a filter already: we were started behind a fence. */
	if (fd < 0 &&
	    (errno == EPROTONOSUPPORT || errno == EAFNOSUPPORT || errno == EPERM))
		return 0;
	if (fd < 0)
		return error_errno(err, ERROR_PROOF, errno, "netfilter's socket");
	memset(&request, 0, sizeof(request));
	length = build_attempt(request.bytes, sizeof(request.bytes) / 2);
	if (length == 0)
		return error_memory(err);
	if (sendto(fd, &request, length, 0, (const struct sockaddr *)&kernel,
		   sizeof(kernel)) < 0)
		return errno == EPERM ? 0
				      : error_errno(err, ERROR_PROOF, errno,
						    "netfilter's socket");
	refusal = read_refusal(fd);
	if (refusal != EPERM)
		return error_set(err, ERROR_PROOF, "nftables can still be changed");
	return 0;
}

static socklen_t to_socket_address(const struct addr *addr, struct sockaddr_storage *ret)
{
	uint8_t bytes[16];

	memset(ret, 0, sizeof(*ret));
	addr_to_bytes(addr, bytes);
	if (addr->family == FAMILY_4) {
		struct sockaddr_in *in = (struct sockaddr_in *)ret;

		in->sin_family = AF_INET;
		in->sin_port = htons(CANARY_PORT);
		memcpy(&in->sin_addr, bytes, 4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(CANARY_PORT);
	memcpy(&in6->sin6_addr, bytes, 16);
	return sizeof(*in6);
}

/* The fence answers EPERM. The others mean that there is no way there at all: no route, or one
 * of type blackhole (EINVAL) or prohibit (EACCES). */
static bool is_closed(int number)
{
	return number == EPERM || number == ENETUNREACH || number == EHOSTUNREACH ||
	       number == EINVAL || number == EACCES || number == EAFNOSUPPORT ||
	       number == EADDRNOTAVAIL;
}

int proof_of_closed_address(const struct addr *addr, struct error *err)
{
	struct sockaddr_storage to;
	socklen_t length = to_socket_address(addr, &to);
	CLEANUP(close_fdp) int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[ADDR_TEXT];

	if (fd < 0 && errno == EAFNOSUPPORT)
		return 0;
	if (fd < 0)
		return error_errno(err, ERROR_PROOF, errno, "socket");
	if (sendto(fd, "", 0, MSG_DONTWAIT, (const struct sockaddr *)&to, length) < 0) {
		if (is_closed(errno))
			return 0;
		return error_errno(err, ERROR_PROOF, errno, "trying %s",
				   addr_format(addr, text));
	}
	return error_set(err, ERROR_PROOF, "the fence let a packet to %s pass",
			 addr_format(addr, text));
}
