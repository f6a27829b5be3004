/* Theory of operation
 *
 * Everything is allowed but the ways around netfilter, which sees IP packets only:
 *
 *   sockets of other families   AF_PACKET writes frames, AF_VSOCK reaches the hypervisor, SMC,
 *                               TIPC, CAN, XDP have wires of their own
 *   netlink but for ROUTE       netfilter's own door, and others that steer packets
 *   io_uring                    opens sockets where no filter looks
 *   TIOCSTI                     types into the terminal: at a root shell that started us there
 *   foreign architectures       i386 and x32 have other call numbers, socketcall() hides its
 *                               arguments: a 32-bit program ends with SIGSYS
 *
 * Must not: break debuggers, sandboxes, anything an agent builds with. So no call is denied
 * for being dangerous in general; no capability is left that would make one so.
 *
 * The kernel takes the low 32 bits of an int argument, the filter compares all 64: rules say
 * what is refused so that a number with high bits set falls into the refused range. */
#include "entrypoint/seccomp.h"

#include <errno.h>
#include <linux/netlink.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define SMC 256 /* IPPROTO_SMC, which is newer than the headers */

static const int allowed_families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };

static const int denied_calls[] = {
	SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register),
	SCMP_SYS(socketcall), /* only where it exists */
};

static bool is_allowed(int family)
{
	for (size_t i = 0; i < ARRAY_SIZE(allowed_families); i++)
		if (allowed_families[i] == family)
			return true;
	return false;
}

static int refuse(scmp_filter_ctx filter, int error, int call, unsigned int count,
		  const struct scmp_arg_cmp *arguments)
{
	return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((uint16_t)error), call,
				      count, arguments);
}

/* AF_NETLINK is the highest family that is allowed. */
static int refuse_families(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp above = SCMP_A0_64(SCMP_CMP_GT, AF_NETLINK);
	int result = refuse(filter, EAFNOSUPPORT, SCMP_SYS(socket), 1, &above);

	for (int family = 0; family <= AF_NETLINK && result == 0; family++) {
		const struct scmp_arg_cmp equal =
			SCMP_A0_64(SCMP_CMP_EQ, (uint64_t)family);

		if (!is_allowed(family))
			result =
				refuse(filter, EAFNOSUPPORT, SCMP_SYS(socket), 1, &equal);
	}
	return result;
}

static int refuse_sockets(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp netlink[] = {
		SCMP_A0_64(SCMP_CMP_EQ, AF_NETLINK),
		SCMP_A2_64(SCMP_CMP_NE, NETLINK_ROUTE),
	};
	/* AF_PACKET by its old name. */
	const struct scmp_arg_cmp packet[] = {
		SCMP_A0_64(SCMP_CMP_EQ, AF_INET),
		SCMP_A1_64(SCMP_CMP_MASKED_EQ, 0xf, SOCK_PACKET),
	};
	/* SMC by its second name, since Linux 6.11; no other family has this number. */
	const struct scmp_arg_cmp smc = SCMP_A2_64(SCMP_CMP_MASKED_EQ, UINT32_MAX, SMC);
	const struct scmp_arg_cmp pair = SCMP_A0_64(SCMP_CMP_NE, AF_UNIX);
	int result = refuse_families(filter);

	if (result == 0)
		result = refuse(filter, EPROTONOSUPPORT, SCMP_SYS(socket), 2, netlink);
	if (result == 0)
		result = refuse(filter, EPERM, SCMP_SYS(socket), 2, packet);
	if (result == 0)
		result = refuse(filter, EPERM, SCMP_SYS(socket), 1, &smc);
	if (result == 0)
		result = refuse(filter, EAFNOSUPPORT, SCMP_SYS(socketpair), 1, &pair);
	return result;
}

/* Many kernels still permit it. The number is an int to the kernel too. */
static int refuse_typing(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp type =
		SCMP_A1_64(SCMP_CMP_MASKED_EQ, UINT32_MAX, TIOCSTI);

	return refuse(filter, EPERM, SCMP_SYS(ioctl), 1, &type);
}

int seccomp_begin(uint32_t otherwise, scmp_filter_ctx *ret)
{
	int result;

	*ret = seccomp_init(otherwise);
	if (!*ret)
		return -ENOMEM;
	result = seccomp_attr_set(*ret, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	return result ? result : seccomp_attr_set(*ret, SCMP_FLTATR_CTL_NNP, 0);
}

int seccomp_enforce(scmp_filter_ctx filter, int result, struct error *err)
{
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result < 0)
		return error_errno(err, ERROR_PRIVILEGE, -result, "seccomp");
	return 0;
}

static int fill(scmp_filter_ctx filter)
{
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(denied_calls) && result == 0; i++)
		result = refuse(filter, ENOSYS, denied_calls[i], 0, NULL);
	if (result == 0)
		result = refuse_typing(filter);
	return result ? result : refuse_sockets(filter);
}

int seccomp_confine(struct error *err)
{
	scmp_filter_ctx filter;
	int result = seccomp_begin(SCMP_ACT_ALLOW, &filter);

	if (result == 0)
		result = fill(filter);
	return seccomp_enforce(filter, result, err);
}
