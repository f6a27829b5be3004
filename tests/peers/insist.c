/* Whoever does not give up: insist SECONDS ADDR PORT [ADDR PORT]... sends to each as fast as it can, by UDP
 * through a socket that stays (so that it is one flow) and one that does not, and begins a TCP
 * connection, until its stdin ends or SECONDS are over. Prints how often it has tried, and how often
 * the kernel took a datagram. A refusal ends nothing. */

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TARGETS_MAX 8
#define BURST                                                                            \
	32 /* datagrams at once by each socket; those behind a refused one are not tried */
#define ROUNDS 32 /* between two looks at the clock */

static struct target {
	struct addrinfo *to;
	int flow;
} targets[TARGETS_MAX];
static int target_count;
static unsigned long tried, taken;

static void burst(int fd, const struct addrinfo *to)
{
	struct iovec byte = { (void *)"?", 1 };
	struct mmsghdr messages[BURST];
	int count;

	for (int i = 0; i < BURST; i++)
		messages[i] = (struct mmsghdr){
			.msg_hdr = { .msg_name = to->ai_addr,
				     .msg_namelen = to->ai_addrlen,
				     .msg_iov = &byte,
				     .msg_iovlen = 1 },
		};
	count = sendmmsg(fd, messages, BURST, MSG_DONTWAIT);
	tried++;
	if (count > 0)
		taken += (unsigned long)count;
}

/* By a reset: no TIME_WAIT keeps the port. */
static void knock(const struct addrinfo *to)
{
	const struct linger reset = { .l_onoff = 1 };
	int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	(void)!connect(fd, to->ai_addr, to->ai_addrlen);
	tried++;
	close(fd);
}

static void turn(const struct target *target)
{
	int fresh = socket(target->to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (int i = 0; i < ROUNDS; i++)
		burst(target->flow, target->to);
	if (fresh >= 0) {
		burst(fresh, target->to);
		close(fresh);
	}
	knock(target->to);
}

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

int main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = SOCK_DGRAM };
	struct pollfd end = { .fd = STDIN_FILENO, .events = POLLIN };
	time_t until;

	if (argc < 4 || argc % 2 || (argc - 2) / 2 > TARGETS_MAX)
		return 2;
	for (int i = 2; i < argc; i += 2) {
		struct target *target = &targets[target_count++];

		if (getaddrinfo(argv[i], argv[i + 1], &hints, &target->to) != 0)
			return 2;
		target->flow =
			socket(target->to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (target->flow < 0)
			return 2;
	}
	until = seconds() + atoi(argv[1]);
	while (seconds() < until && poll(&end, 1, 0) == 0)
		for (int i = 0; i < target_count; i++)
			turn(&targets[i]);
	printf("%lu %lu\n", tried, taken);
	return 0;
}
