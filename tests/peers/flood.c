/* flood RATE SECONDS ADDR...: so many refusals a second, for so long: datagrams and connects by turns, to
 * the addresses in turn, each to another port. Each must be refused at once: a datagram as not permitted
 * (EPERM), a connect by a reset. Prints how many each address got, then how many seconds it took;
 * anything else than a refusal ends it. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS 1000000

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void datagram(int fd, const struct sockaddr_in *to)
{
	if (sendto(fd, "?", 1, 0, (const void *)to, sizeof(*to)) >= 0 || errno != EPERM) {
		perror("datagram");
		exit(1);
	}
}

static void connection(const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const void *)to, sizeof(*to)) == 0 ||
	    errno != ECONNREFUSED) {
		perror("connection");
		exit(1);
	}
	close(fd);
}

/* What is late is made up for. */
static void wait_for(double due)
{
	const struct timespec tick = { .tv_nsec = TICK_NS };

	while (now() < due)
		nanosleep(&tick, NULL);
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	unsigned long rate, total, count = 0;
	double start = now();
	int fd, addrs = argc - 3;

	if (addrs < 1)
		return 2;
	rate = strtoul(argv[1], NULL, 10);
	total = rate * strtoul(argv[2], NULL, 10);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (; count < total; count++) {
		/* Each address gets both. */
		unsigned long turn = count / 2 % (unsigned long)addrs;

		wait_for(start + (double)count / (double)rate);
		to.sin_port = htons((uint16_t)(1024 + count % 60000));
		if (inet_pton(AF_INET, argv[3 + turn], &to.sin_addr) != 1)
			return 2;
		if (count % 2)
			connection(&to);
		else
			datagram(fd, &to);
	}
	for (int i = 0; i < addrs; i++)
		printf("%s %lu\n", argv[3 + i], total / (unsigned long)addrs);
	printf("%.1f\n", now() - start);
	return 0;
}
