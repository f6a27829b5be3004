/* spread ADDR ADDRESSES PORTS SOCKETS: one datagram from each of SOCKETS sockets to each of PORTS ports, the
 * highest first, of each of ADDRESSES IPv4 addresses from ADDR on: as many flows as that makes.
 * Prints how many of how many the kernel took. */

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BURST 64

static unsigned long tried, taken;

static void send_all(int fd, struct mmsghdr *messages, unsigned count)
{
	/* A refusal ends the call, so the next one begins behind it. */
	for (unsigned at = 0; at < count;) {
		int sent = sendmmsg(fd, messages + at, count - at, 0);

		taken += sent > 0 ? (unsigned)sent : 0;
		at += sent > 0 ? (unsigned)sent : 1;
	}
	tried += count;
}

static void send_to_ports(int fd, uint32_t addr, unsigned ports)
{
	struct sockaddr_in to[BURST];
	struct mmsghdr messages[BURST];
	struct iovec byte = { (void *)"?", 1 };
	unsigned count = 0;

	for (unsigned i = 0; i < ports; i++) {
		to[count] = (struct sockaddr_in){
			.sin_family = AF_INET,
			.sin_port = htons((uint16_t)(UINT16_MAX - i)),
			.sin_addr.s_addr = htonl(addr),
		};
		messages[count] = (struct mmsghdr){
			.msg_hdr = { .msg_name = &to[count],
				     .msg_namelen = sizeof(to[count]),
				     .msg_iov = &byte,
				     .msg_iovlen = 1 },
		};
		if (++count == BURST || i + 1 == ports) {
			send_all(fd, messages, count);
			count = 0;
		}
	}
}

int main(int argc, char **argv)
{
	struct in_addr addr;

	if (argc != 5 || inet_pton(AF_INET, argv[1], &addr) != 1)
		return 2;
	for (int i = 0; i < atoi(argv[4]); i++) {
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		if (fd < 0)
			return 2;
		for (uint32_t j = 0; j < (uint32_t)atoi(argv[2]); j++)
			send_to_ports(fd, ntohl(addr.s_addr) + j,
				      (unsigned)atoi(argv[3]));
		close(fd);
	}
	printf("%lu of %lu\n", taken, tried);
	return 0;
}
