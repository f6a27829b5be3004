/* A client that connects all the time: churn ALLOWED REFUSED PORT, until its stdin ends. Each turn tries
 * both addresses over TCP and UDP with fresh sockets. Allowed must answer and refused must be
 * refused, each within HELD_UP_MS: a packet lost while rules change shows as a late answer.
 * Prints every wrong outcome (the first SAID_MAX) and the number of turns; fails when one was wrong or
 * there were fewer than TURNS_MIN. */

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HELD_UP_MS 500
#define SAID_MAX 10
#define TURNS_MIN 100

static unsigned long wrong;

static bool ended(void)
{
	struct pollfd wait = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&wait, 1, 0) != 0;
}

static struct addrinfo *address(const char *text, const char *port, int type)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = type };
	struct addrinfo *at = NULL;

	return getaddrinfo(text, port, &hints, &at) == 0 ? at : NULL;
}

/* 0, or the errno that the attempt ended with. */
static int attempt(int fd, const struct addrinfo *to)
{
	bool tcp = to->ai_socktype == SOCK_STREAM;
	struct pollfd wait = { .fd = fd, .events = tcp ? POLLOUT : POLLIN };
	const struct linger reset = { .l_onoff = 1 };
	socklen_t size = sizeof(int);
	int fault = 0;
	char byte;

	/* Closed by a reset, a connection leaves no TIME_WAIT: ports never run out. */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (connect(fd, to->ai_addr, to->ai_addrlen) < 0 && errno != EINPROGRESS)
		return errno;
	if (!tcp && send(fd, "?", 1, 0) < 0)
		return errno;
	if (poll(&wait, 1, HELD_UP_MS) == 0)
		return ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size) < 0)
		return errno;
	if (fault == 0 && !tcp && recv(fd, &byte, 1, 0) < 0)
		return errno;
	return fault;
}

static void expect(const char *what, const struct addrinfo *to, int expected)
{
	int fd = socket(to->ai_family, to->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int fault = fd < 0 ? errno : attempt(fd, to);
	struct timespec now;

	close(fd);
	if (fault == expected)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (++wrong <= SAID_MAX)
		printf("%ld.%06ld %s: %s\n", (long)now.tv_sec % 1000, now.tv_nsec / 1000,
		       what, fault ? strerror(fault) : "open");
}

int main(int argc, char **argv)
{
	static const struct addrinfo *to[4];
	unsigned long turns;

	if (argc != 4)
		return 2;
	for (int i = 0; i < 4; i++) {
		to[i] = address(argv[1 + i % 2], argv[3],
				i < 2 ? SOCK_STREAM : SOCK_DGRAM);
		if (!to[i])
			return 2;
	}
	for (turns = 0; !ended(); turns++) {
		expect("allowed TCP", to[0], 0);
		expect("refused TCP", to[1], ECONNREFUSED);
		expect("allowed UDP", to[2], 0);
		expect("refused UDP", to[3], EPERM);
	}
	printf("%lu turns, %lu wrong\n", turns, wrong);
	return wrong > 0 || turns < TURNS_MIN;
}
