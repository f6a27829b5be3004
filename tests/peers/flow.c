/* A flow that stays: flow connect|listen tcp|udp ADDR PORT. Either end connects (listen: takes
 * the first client) and says "open"; then, for each line on stdin, it sends one byte and says "lives"
 * when one comes back within ANSWER_MS, else "ended: why". What arrives unasked is sent back, so
 * either end may speak first. */

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MS 400

static void say(const char *what, const char *why)
{
	printf("%s%s%s\n", what, why ? ": " : "", why ? why : "");
	fflush(stdout);
}

static int open_flow(const struct addrinfo *at)
{
	int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || connect(fd, at->ai_addr, at->ai_addrlen) < 0)
		return -1;
	if (at->ai_socktype == SOCK_DGRAM && send(fd, "!", 1, 0) < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	return fd;
}

static int take_flow(const struct addrinfo *at)
{
	int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, 0), on = 1;
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);
	char byte;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, at->ai_addr, at->ai_addrlen) < 0)
		return -1;
	if (at->ai_socktype == SOCK_STREAM)
		return listen(fd, 1) < 0 ? -1 : accept(fd, NULL, NULL);
	if (recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&from, &size) < 0)
		return -1;
	return connect(fd, (struct sockaddr *)&from, size) < 0 ? -1 : fd;
}

/* '?' asks, '!' answers; answers are not answered. */
static bool answer_one(int fd, char *ret)
{
	ssize_t length = recv(fd, ret, 1, MSG_DONTWAIT);

	if (length == 0)
		errno = EPIPE;
	if (length <= 0)
		return false;
	return *ret != '?' || send(fd, "!", 1, MSG_NOSIGNAL) == 1;
}

static void ask(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char byte;

	while (answer_one(fd, &byte))
		; /* what came before the question */
	byte = '?';
	if (send(fd, "?", 1, MSG_NOSIGNAL) < 0) {
		say("ended", strerror(errno));
		return;
	}
	while (byte != '!') {
		if (poll(&wait, 1, ANSWER_MS) == 0) {
			say("ended", "no answer");
			return;
		}
		if (!answer_one(fd, &byte)) {
			say("ended", strerror(errno));
			return;
		}
	}
	say("lives", NULL);
}

int main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN },
				 { .events = POLLIN } };
	struct addrinfo *at;
	char line[64];
	int fd;

	if (argc != 5)
		return 2;
	hints.ai_socktype = strcmp(argv[2], "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM;
	if (getaddrinfo(argv[3], argv[4], &hints, &at) != 0)
		return 2;
	fd = strcmp(argv[1], "listen") == 0 ? take_flow(at) : open_flow(at);
	freeaddrinfo(at);
	if (fd < 0) {
		perror("flow");
		return 1;
	}
	fds[1].fd = fd;
	say("open", NULL);
	while (poll(fds, 2, -1) > 0) {
		if (fds[0].revents && read(STDIN_FILENO, line, sizeof(line)) <= 0)
			return 0;
		if (fds[0].revents)
			ask(fd);
		else if (!answer_one(fd, line))
			fds[1].fd = -1; /* the next ask tells why */
	}
	return 1;
}
