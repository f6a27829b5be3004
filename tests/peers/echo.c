/* echo ADDR PORT: gives back what it gets, on UDP and on TCP, many connections at a time. */

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256

static int serve(const char *addr, const char *port, int type)
{
	struct addrinfo hints = { .ai_flags =
					  AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
				  .ai_socktype = type };
	struct addrinfo *at;
	int fd, on = 1;

	if (getaddrinfo(addr, port, &hints, &at) != 0)
		return -1;
	fd = socket(at->ai_family, type | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, at->ai_addr, at->ai_addrlen) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 128) < 0)) {
		perror("echo");
		return -1;
	}
	freeaddrinfo(at);
	return fd;
}

static void echo_datagram(int fd)
{
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);
	char bytes[65536];
	ssize_t length =
		recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &size);

	if (length >= 0 &&
	    sendto(fd, bytes, (size_t)length, 0, (struct sockaddr *)&from, size) < 0)
		perror("echo");
}

/* Returns -1 when the connection has ended. */
static int echo_stream(int fd)
{
	char bytes[65536];
	ssize_t length = recv(fd, bytes, sizeof(bytes), 0);

	if (length <= 0 || send(fd, bytes, (size_t)length, MSG_NOSIGNAL) != length)
		return -1;
	return 0;
}

int main(int argc, char **argv)
{
	struct pollfd fds[2 + CONNECTIONS_MAX];
	nfds_t count = 2;

	if (argc != 3)
		return 2;
	fds[1].fd = serve(argv[1], argv[2], SOCK_STREAM);
	fds[0].fd = serve(argv[1], argv[2], SOCK_DGRAM);
	if (fds[0].fd < 0 || fds[1].fd < 0)
		return 1;
	fds[0].events = fds[1].events = POLLIN;

	while (poll(fds, count, -1) >= 0) {
		if (fds[0].revents)
			echo_datagram(fds[0].fd);
		for (nfds_t i = count; i-- > 2;) {
			if (fds[i].revents && echo_stream(fds[i].fd) < 0) {
				close(fds[i].fd);
				fds[i] = fds[--count];
			}
		}
		if (fds[1].revents && count < 2 + CONNECTIONS_MAX) {
			int fd = accept4(fds[1].fd, NULL, NULL, SOCK_CLOEXEC);

			if (fd >= 0)
				fds[count++] =
					(struct pollfd){ .fd = fd, .events = POLLIN };
		}
	}
	return 1;
}
