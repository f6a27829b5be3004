/* connects ADDR PORT MS [refused]: how many TCP connections to an echo server, one after the other and each
 * with one byte there and back, in that time; or how many that are refused by a reset, whoever sends
 * it. Prints their number per second. */

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static int exchange(const struct addrinfo *to)
{
	const struct linger reset = { .l_onoff = 1 };
	int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char byte = '?';

	/* Closed by a reset, a connection leaves no TIME_WAIT: ports never run out. */
	if (fd < 0 || connect(fd, to->ai_addr, to->ai_addrlen) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) < 0 ||
	    send(fd, &byte, 1, 0) != 1 || recv(fd, &byte, 1, 0) != 1)
		return -1;
	return close(fd);
}

static int be_refused(const struct addrinfo *to)
{
	int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, to->ai_addr, to->ai_addrlen) == 0 ||
	    errno != ECONNREFUSED)
		return -1;
	return close(fd);
}

int main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = SOCK_STREAM };
	struct addrinfo *to;
	unsigned long count = 0;
	int (*once)(const struct addrinfo *) = argc == 5 ? be_refused : exchange;
	double start, end;

	if ((argc != 4 && argc != 5) || getaddrinfo(argv[1], argv[2], &hints, &to) != 0)
		return 2;
	start = now();
	end = start + atoi(argv[3]) / 1e3;
	for (; now() < end; count++) {
		if (once(to) < 0) {
			perror("connects");
			return 1;
		}
	}
	printf("%.0f\n", (double)count / (now() - start));
	freeaddrinfo(to);
	return 0;
}
