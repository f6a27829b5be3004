/* Which sockets may one open? families [FAMILY...] tries each family, or all there are numbers of, with
 * every type and the protocols that mean something to it, and prints "FAMILY TYPE PROTOCOL" for each that
 * opens. families = FAMILY TYPE PROTOCOL tries that one and says why not. */

#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* More than the kernel has yet. */
#define FAMILIES 64

/* Not all 263: for each that it does not have the kernel asks for a module. */
static const int protocols[] = { 0,
				 IPPROTO_ICMP,
				 IPPROTO_TCP,
				 IPPROTO_UDP,
				 IPPROTO_DCCP,
				 IPPROTO_ICMPV6,
				 115 /* L2TP */,
				 IPPROTO_SCTP,
				 IPPROTO_UDPLITE,
				 IPPROTO_RAW,
				 256 /* SMC */,
				 IPPROTO_MPTCP };

static const int types[] = { SOCK_STREAM,    SOCK_DGRAM, SOCK_RAW,   SOCK_RDM,
			     SOCK_SEQPACKET, SOCK_DCCP,  SOCK_PACKET };

static void try_one(int family, int type, int protocol)
{
	int fd = socket(family, type, protocol);

	if (fd < 0)
		return;
	printf("%d %d %d\n", family, type, protocol);
	close(fd);
}

static void try_type(int family, int type)
{
	if (family == AF_INET || family == AF_INET6)
		for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
			try_one(family, type, protocols[i]);
	else
		for (int i = 0; i < (family == AF_NETLINK ? MAX_LINKS : 1); i++)
			try_one(family, type, i);
}

static void try_family(int family)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		try_type(family, types[i]);
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "=") == 0) {
		if (socket(atoi(argv[2]), atoi(argv[3]), atoi(argv[4])) >= 0)
			return 0;
		puts(strerror(errno));
		return 1;
	}
	for (int i = 1; i < argc; i++)
		try_family(atoi(argv[i]));
	for (int family = 0; family < FAMILIES && argc == 1; family++)
		try_family(family);
	return 0;
}
