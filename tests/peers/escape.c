/* Ways around a fence that sees IP packets, one per call: escape WAY. Ends with 0 when the way
 * is open, 1 when it is refused (and says why), 2 when this kernel has no such way. A script
 * first runs it where nothing is fenced: there each must be open, or the check proves nothing.
 *
 * A foreign system call under a filter that kills ends the program with SIGSYS. */

#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* 0: open; -1 with errno: refused. */
static int opened(long fd)
{
	return fd < 0 ? -1 : 0;
}

/* What another program on this terminal then reads as typed. */
static int type_into_the_terminal(void)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), zero = 0, slave;
	char name[32];
	unsigned number;

	if (master < 0 || ioctl(master, TIOCSPTLCK, &zero) < 0 ||
	    ioctl(master, TIOCGPTN, &number) < 0)
		return -1;
	snprintf(name, sizeof(name), "/dev/pts/%u", number);
	setsid();
	slave = open(name, O_RDWR);
	return slave < 0 ? -1 : ioctl(slave, TIOCSTI, "x");
}

/* A frame with nothing in it, for everybody on the wire. */
static int packet(void)
{
	const struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = (int)if_nametoindex("eth0"),
		.sll_halen = ETH_ALEN,
		.sll_addr = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	};
	char nothing[64] = { 0 };
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));

	if (fd < 0)
		return -1;
	return sendto(fd, nothing, sizeof(nothing), 0, (const struct sockaddr *)&to,
		      sizeof(to)) < 0
		       ? -1
		       : 0;
}

static int packet_by_its_old_name(void)
{
	return opened(socket(AF_INET, SOCK_PACKET, htons(ETH_P_ALL)));
}

static int raw4(void)
{
	return opened(socket(AF_INET, SOCK_RAW, IPPROTO_RAW));
}

static int raw6(void)
{
	return opened(socket(AF_INET6, SOCK_RAW, IPPROTO_RAW));
}

static int vsock(void)
{
	return opened(socket(AF_VSOCK, SOCK_STREAM, 0));
}

/* The kernel takes the low half of the register only. */
static int vsock_with_high_bits(void)
{
	return opened(syscall(SYS_socket, UINT64_C(1) << 32 | AF_VSOCK, SOCK_STREAM, 0));
}

static int netfilter(void)
{
	return opened(socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER));
}

static int netfilter_with_high_bits(void)
{
	return opened(syscall(SYS_socket, UINT64_C(1) << 32 | AF_NETLINK, SOCK_RAW,
			      UINT64_C(1) << 32 | NETLINK_NETFILTER));
}

static int io_uring(void)
{
	struct io_uring_params params = { 0 };

	return opened(syscall(SYS_io_uring_setup, 1, &params));
}

/* One IORING_OP_SOCKET, submitted and awaited. */
static int vsock_through_io_uring(void)
{
	struct io_uring_params p = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 1, &p);
	struct io_uring_sqe *entry;
	struct io_uring_cqe *answer;
	char *sq, *cq;

	if (ring < 0)
		return -1;
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * sizeof(uint32_t),
		  PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(*answer),
		  PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	entry = mmap(NULL, sizeof(*entry), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		     IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || entry == MAP_FAILED)
		return -1;
	entry->opcode = IORING_OP_SOCKET;
	entry->fd = AF_VSOCK;
	entry->off = SOCK_STREAM;
	((uint32_t *)(sq + p.sq_off.array))[0] = 0;
	__atomic_store_n((uint32_t *)(sq + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -1;
	answer = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
	errno = -answer->res;
	return opened(answer->res);
}

#if defined(__x86_64__)
/* i386: 359 is socket, 102 is socketcall with its arguments in memory below 4 GiB. */
static long call_i386(long number, long first, long second, long third)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(first), "c"(second), "d"(third)
			 : "memory", "r8", "r9", "r10", "r11");
	result = (int32_t)result;
	errno = result < 0 ? (int)-result : 0;
	return result;
}

static int vsock_through_i386(void)
{
	return opened(call_i386(359, AF_VSOCK, SOCK_STREAM, 0));
}

static int vsock_through_socketcall(void)
{
	uint32_t *arguments = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (arguments == MAP_FAILED)
		return -1;
	arguments[0] = AF_VSOCK;
	arguments[1] = SOCK_STREAM;
	arguments[2] = 0;
	return opened(call_i386(102, 1, (long)arguments, 0));
}

static int vsock_through_x32(void)
{
	return opened(syscall(0x40000000 | SYS_socket, AF_VSOCK, SOCK_STREAM, 0));
}
#endif

static int mark(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int value = 1;

	return setsockopt(fd, SOL_SOCKET, SO_MARK, &value, sizeof(value));
}

static int join_the_network_of_pid_1(void)
{
	int fd = open("/proc/1/ns/net", O_RDONLY);

	return fd < 0 ? -1 : setns(fd, CLONE_NEWNET);
}

static int trace_pid_1(void)
{
	return (int)ptrace(PTRACE_SEIZE, 1, 0, 0);
}

static int memory_of_pid_1(void)
{
	return opened(open("/proc/1/mem", O_RDWR));
}

static int become_root(void)
{
	return setresuid(0, 0, 0) < 0 && setuid(0) < 0 ? -1 : 0;
}

/* Not a way out: what must go on working. */
static int ordinary_sockets(void)
{
	int pair[2];

	return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ||
			       socket(AF_INET, SOCK_STREAM, 0) < 0 ||
			       socket(AF_INET6, SOCK_DGRAM, 0) < 0 ||
			       socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) < 0 ||
			       socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0
		       ? -1
		       : 0;
}

static int a_descriptor_above_2(void)
{
	for (int fd = 3; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 0;
	errno = EBADF;
	return -1;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*go)(void);
	} ways[] = {
		{ "packet", packet },
		{ "packet-by-its-old-name", packet_by_its_old_name },
		{ "raw4", raw4 },
		{ "raw6", raw6 },
		{ "vsock", vsock },
		{ "vsock-with-high-bits", vsock_with_high_bits },
		{ "vsock-through-io_uring", vsock_through_io_uring },
#if defined(__x86_64__)
		{ "vsock-through-i386", vsock_through_i386 },
		{ "vsock-through-socketcall", vsock_through_socketcall },
		{ "vsock-through-x32", vsock_through_x32 },
#endif
		{ "io_uring", io_uring },
		{ "netfilter", netfilter },
		{ "netfilter-with-high-bits", netfilter_with_high_bits },
		{ "mark", mark },
		{ "join-the-network-of-pid-1", join_the_network_of_pid_1 },
		{ "trace-pid-1", trace_pid_1 },
		{ "memory-of-pid-1", memory_of_pid_1 },
		{ "become-root", become_root },
		{ "type-into-the-terminal", type_into_the_terminal },
		{ "ordinary-sockets", ordinary_sockets },
		{ "a-descriptor-above-2", a_descriptor_above_2 },
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (argc != 2 || strcmp(argv[1], ways[i].name) != 0)
			continue;
		if (ways[i].go() == 0) {
			puts("open");
			return 0;
		}
		printf("refused: %s\n", strerror(errno));
		return errno == ENOSYS || errno == EAFNOSUPPORT ? 2 : 1;
	}
	fprintf(stderr, "usage: escape WAY\n");
	return 64;
}
