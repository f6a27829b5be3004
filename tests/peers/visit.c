/* visit NAME PORT COUNT: what a client with a resolver does, COUNT times: getaddrinfo(), and at once a
 * TCP connect to the first address of each family. Prints "VISITS visits, CONNECTS connects, REFUSED
 * refused, ADDRESSES addresses, UNRESOLVED unresolved"; 0 when every name had an address and nothing was refused. */

#include <arpa/inet.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { ADDRESSES_MAX = 256 };

static struct {
	long visits, connects, refused, unresolved;
	char addresses[ADDRESSES_MAX][INET6_ADDRSTRLEN];
	size_t count;
} seen;

static void remember(const struct addrinfo *at)
{
	char text[INET6_ADDRSTRLEN] = "";

	getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof(text), NULL, 0,
		    NI_NUMERICHOST);
	for (size_t i = 0; i < seen.count; i++)
		if (strcmp(seen.addresses[i], text) == 0)
			return;
	if (seen.count < ADDRESSES_MAX)
		strcpy(seen.addresses[seen.count++], text);
}

static void connect_to(const struct addrinfo *at)
{
	const struct timeval patience = { .tv_sec = 5 };
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		exit(2);
	seen.connects++;
	remember(at);
	if (connect(fd, at->ai_addr, at->ai_addrlen) < 0) {
		if (seen.refused++ == 0)
			perror(seen.addresses[seen.count - 1]);
	}
	close(fd);
}

static void visit(const char *name, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	bool tried[2] = { false };

	seen.visits++;
	if (getaddrinfo(name, port, &hints, &found) != 0) {
		seen.unresolved++;
		return;
	}
	for (const struct addrinfo *at = found; at; at = at->ai_next) {
		bool *family = &tried[at->ai_family == AF_INET6];

		if (!*family)
			connect_to(at);
		*family = true;
	}
	freeaddrinfo(found);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	for (long i = strtol(argv[3], NULL, 10); i > 0; i--)
		visit(argv[1], argv[2]);
	printf("%ld visits, %ld connects, %ld refused, %zu addresses, %ld unresolved\n",
	       seen.visits, seen.connects, seen.refused, seen.count, seen.unresolved);
	return seen.refused || seen.unresolved || !seen.connects;
}
