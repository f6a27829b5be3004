/* What does a destination do to a client? probe EXPECTED tcp|udp ADDR PORT WITHIN_MS [FROM_PORT
 * [MARK]] tries once, from that port of the client where one is given (0: any), with that
 * SO_MARK, and prints "OUTCOME TIME". Its status is 0 when the outcome is the expected one and
 * came in time, 1 for another outcome, 3 for the right one too late.
 *
 *	open         TCP: connected. UDP: a datagram came back
 *	refused      TCP: reset. UDP: sending was not permitted (EPERM)
 *	unreachable  an ICMP error or no route
 *	silent       nothing happened in time
 */

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static const char *outcome_of(int number, bool tcp)
{
	switch (number) {
	case ECONNREFUSED:
		return tcp ? "refused" : "unreachable";
	case EPERM:
		return tcp ? "unreachable" : "refused";
	case ETIMEDOUT:
	case EAGAIN:
		return "silent";
	default:
		return "unreachable";
	}
}

static int bind_to_port(int fd, int family, const char *port)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICSERV | AI_PASSIVE,
				  .ai_family = family,
				  .ai_socktype = SOCK_DGRAM };
	struct addrinfo *from;
	int result;

	if (getaddrinfo(NULL, port, &hints, &from) != 0)
		return -1;
	result = bind(fd, from->ai_addr, from->ai_addrlen);
	freeaddrinfo(from);
	return result;
}

static int set_mark(int fd, const char *text)
{
	unsigned mark = (unsigned)strtoul(text, NULL, 0);

	return setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
}

/* 0, or the errno that the attempt ended with. */
static int attempt(int fd, bool tcp, const struct addrinfo *to, int within)
{
	struct pollfd wait = { .fd = fd, .events = tcp ? POLLOUT : POLLIN };
	socklen_t size = sizeof(int);
	int fault = 0;
	char byte;

	if (connect(fd, to->ai_addr, to->ai_addrlen) < 0 && errno != EINPROGRESS)
		return errno;
	if (!tcp && send(fd, "?", 1, 0) < 0)
		return errno;
	if (poll(&wait, 1, within) == 0)
		return ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size) < 0)
		return errno;
	if (fault == 0 && !tcp && recv(fd, &byte, 1, 0) < 0)
		return errno;
	return fault;
}

int main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *to;
	const char *outcome = "open";
	double start, took;
	int fd, fault, within;
	bool tcp;

	if (argc < 6 || argc > 8)
		return 2;
	tcp = strcmp(argv[2], "tcp") == 0;
	within = atoi(argv[5]);
	hints.ai_socktype = tcp ? SOCK_STREAM : SOCK_DGRAM;
	if (getaddrinfo(argv[3], argv[4], &hints, &to) != 0)
		return 2;
	fd = socket(to->ai_family, to->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || (argc > 6 && bind_to_port(fd, to->ai_family, argv[6]) < 0) ||
	    (argc > 7 && set_mark(fd, argv[7]) < 0))
		return 2;
	start = now_ms();
	fault = attempt(fd, tcp, to, within);
	took = now_ms() - start;
	if (fault)
		outcome = outcome_of(fault, tcp);
	printf("%s %.1f ms%s%s\n", outcome, took, fault ? ": " : "",
	       fault ? strerror(fault) : "");
	freeaddrinfo(to);
	close(fd);
	if (strcmp(outcome, argv[1]) != 0)
		return 1;
	return strcmp(outcome, "silent") != 0 && took > within ? 3 : 0;
}
