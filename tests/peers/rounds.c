/* rounds FROM COUNT ADDR PORT [ADDR PORT]...: asks each of the servers for the A records of
 * nFROM.example.com and of the COUNT - 1 names after it, one question at a time and of one server after
 * the other, so that all of them meet the same machine. Prints the median round trip of each in
 * microseconds, in one line. A wrong answer is an error, and so is none to more than one question in a hundred. */

#include <math.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

enum { SERVERS = 4, HEADER = 12, NO_ANSWER = 7 };

struct server {
	int fd;
	double *samples;
	unsigned lost;
};

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

static int open_server(const char *addr, const char *port)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
					.ai_socktype = SOCK_DGRAM };
	const struct timeval patience = { .tv_sec = 1 };
	struct addrinfo *at;
	int fd;

	if (getaddrinfo(addr, port, &hints, &at) != 0)
		exit(2);
	fd = socket(at->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, at->ai_addr, at->ai_addrlen) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0) {
		perror("rounds");
		exit(1);
	}
	freeaddrinfo(at);
	return fd;
}

static size_t write_question(uint8_t *m, unsigned number)
{
	static const uint8_t rest[] =
		"\7example\3com\0\0\1\0"; /* and the 1 of class IN */
	int digits = sprintf((char *)m + HEADER + 1, "n%u", number);

	memset(m, 0, HEADER);
	m[0] = (uint8_t)(number >> 8);
	m[1] = (uint8_t)number;
	m[2] = 1; /* RD */
	m[5] = 1; /* one question */
	m[HEADER] = (uint8_t)digits;
	memcpy(m + HEADER + 1 + digits, rest, sizeof(rest));
	m[HEADER + 1 + (size_t)digits + sizeof(rest) - 1] = 1;
	return HEADER + 1 + (size_t)digits + sizeof(rest);
}

/* None within the socket's patience counts as endless. */
static double ask(struct server *server, unsigned number)
{
	uint8_t question[64], answer[512];
	size_t length = write_question(question, number);
	double start = now();
	ssize_t got;

	if (send(server->fd, question, length, 0) != (ssize_t)length) {
		perror("rounds");
		exit(1);
	}
	/* One that comes late is another question's. */
	do
		got = recv(server->fd, answer, sizeof(answer), 0);
	while (got >= HEADER && memcmp(question, answer, 2) != 0);
	if (got < 0) {
		server->lost++;
		return INFINITY;
	}
	if (got < HEADER || answer[NO_ANSWER] != 1) {
		fprintf(stderr, "rounds: no address for n%u\n", number);
		exit(1);
	}
	return now() - start;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	struct server servers[SERVERS] = { 0 };
	int count = (argc - 3) / 2;
	unsigned from, rounds;

	if (argc < 5 || argc % 2 == 0 || count > SERVERS)
		return 2;
	from = (unsigned)strtoul(argv[1], NULL, 10);
	rounds = (unsigned)strtoul(argv[2], NULL, 10);
	for (int i = 0; i < count; i++) {
		servers[i].fd = open_server(argv[3 + 2 * i], argv[4 + 2 * i]);
		servers[i].samples = calloc(rounds + 1, sizeof(double));
		if (!servers[i].samples)
			return 1;
	}
	for (unsigned round = 0; round < rounds; round++)
		for (int i = 0; i < count; i++)
			servers[i].samples[round] = ask(&servers[i], from + round);
	for (int i = 0; i < count; i++) {
		if (servers[i].lost > rounds / 100)
			return 1;
		qsort(servers[i].samples, rounds, sizeof(double), compare);
		printf("%.1f%s", servers[i].samples[rounds / 2],
		       i + 1 < count ? " " : "\n");
		free(servers[i].samples);
	}
	return 0;
}
