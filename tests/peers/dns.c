/* dns ADDR PORT [delay=MS] [silent] [no-tcp] [flat] [quiet] [ttl=SECONDS] [a=ADDR[,ADDR...]]
 * [aaaa=ADDR[,ADDR...]] [docker=ADDR] [raw]: a DNS server that gives its addresses in turn, one with each
 * answer, with manners that no real one would admit. It knows every name; the first label says how the
 * answer is (dns_answers.h), any other label gets an honest one. On stdout it says "ready", then
 * each question in a line (type, name, protocol, port it came from), unless quiet.
 *
 * raw: it also prints whatever comes as one line "raw PORT BYTES" in hexadecimal digits, by TCP without port.
 * flat: a reply's question is in lower case. docker: as Docker's resolver it knows only names whose
 * first label begins with "container"; any other question it sends on from ADDR, number and all, to
 * 127.0.0.1 port 7753, where a question to any server would be led, and passes on what comes. */

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/peers/dns_answers.h"

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A cold cache: what is asked is known 2 s after it was asked first. */
static long cold(const char *name)
{
	static struct {
		char name[256];
		long due;
	} known[64];
	size_t i = 0;

	while (known[i].due && strcasecmp(known[i].name, name) != 0)
		if (++i == sizeof(known) / sizeof(known[0]))
			exit(1);
	if (!known[i].due) {
		strcpy(known[i].name, name);
		known[i].due = now_ms() + 2000;
	}
	return known[i].due > now_ms() ? known[i].due - now_ms() : 0;
}

static const struct {
	const char *label;
	void (*answer)(struct reply *r);
	long delay;
} table[] = {
	{ "servfail", servfail, 0 },
	{ "refused", refused, 0 },
	{ "nxdomain", nxdomain, 0 },
	{ "nodata", nodata, 0 },
	{ "silent", silent, 0 },
	{ "slow", honest, 2000 },
	{ "cold", honest, COLD },              /* 2 s after it was asked first */
	{ "only-a", only_a, 0 },               /* SERVFAIL for AAAA */
	{ "only-aaaa", only_aaaa, 0 },         /* silence for A */
	{ "half-nxdomain", half_nxdomain, 0 }, /* NODATA for A, NXDOMAIN for AAAA */
	{ "wrong-id", wrong_id, 0 },
	{ "wrong-question", wrong_question, 0 },
	{ "garbage", garbage, 0 },
	{ "cut", cut, 0 }, /* fewer bytes than its counts promise */
	{ "truncated", truncated, 0 },
	{ "many", many, 0 },           /* 600 addresses */
	{ "countless", countless, 0 }, /* 2000 */
	{ "alias", alias, 0 },         /* two CNAMEs, in the wrong order and case */
	{ "loop", loop, 0 },
	{ "halfway", halfway, 0 },     /* a CNAME to nothing */
	{ "unrelated", unrelated, 0 }, /* addresses of another name */
	{ "mixed", mixed, 0 },         /* those and its own */
	{ "metadata", metadata, 0 },
	{ "private", private, 0 },
};

/* Fills in the reply; returns how long to hold it back, or -1 for a message that is no
 * question. */
static long answer(const uint8_t *query, size_t length, struct reply *r)
{
	char name[256] = { 0 };
	size_t at = HEADER, used = 0;
	long delay = manners.delay;

	while (at < length && query[at] && query[at] < 64 &&
	       used + query[at] + 1 < sizeof(name)) {
		if (at + 1 + query[at] >= length)
			return -1;
		memcpy(name + used, query + at + 1, query[at]);
		used += query[at];
		name[used++] = '.';
		at += query[at] + 1u;
	}
	if (at + 5 > length || query[at] || used == 0)
		return -1;
	name[used - 1] = '\0';

	memcpy(r->bytes, query, at + 5);
	r->length = at + 5;
	r->type = (uint16_t)(query[at + 1] << 8 | query[at + 2]);
	r->bytes[2] = 0x80 | (query[2] & 1);
	r->bytes[3] = 0x80;
	memset(r->bytes + COUNT_ANSWERS, 0, 6);
	if (!manners.quiet)
		printf("%s %s %s %u\n", type_name(r->type), name, r->tcp ? "tcp" : "udp",
		       r->port);
	if (manners.flat)
		flatten(r);
	if (manners.docker && strncasecmp(name, "container", 9) != 0) {
		send_on(r, query, length);
		return 0;
	}

	r->drop = manners.silent;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t label = strlen(table[i].label);

		if (strncasecmp(name, table[i].label, label) == 0 &&
		    (name[label] == '.' || name[label] == '\0')) {
			table[i].answer(r);
			return delay +
			       (table[i].delay == COLD ? cold(name) : table[i].delay);
		}
	}
	honest(r);
	return delay;
}

/* Replies held back, in no order. */
static struct held {
	struct held *next;
	long due;
	struct sockaddr_storage to;
	socklen_t to_size;
	size_t length;
	uint8_t bytes[];
} *held;

static void hold(const struct reply *r, long delay, const struct sockaddr_storage *to,
		 socklen_t to_size)
{
	struct held *h = malloc(sizeof(*h) + r->length);

	if (!h)
		abort();
	*h = (struct held){ held, now_ms() + delay, *to, to_size, r->length };
	memcpy(h->bytes, r->bytes, r->length);
	held = h;
}

/* Sends what is due; returns poll()'s timeout until the next. */
static int send_due(int fd)
{
	long now = now_ms(), next = -1;

	for (struct held **p = &held; *p;) {
		struct held *h = *p;

		if (h->due <= now) {
			sendto(fd, h->bytes, h->length, 0, (struct sockaddr *)&h->to,
			       h->to_size);
			*p = h->next;
			free(h);
			continue;
		}
		if (next < 0 || h->due - now < next)
			next = h->due - now;
		p = &h->next;
	}
	return (int)next;
}

static void print_raw(const uint8_t *bytes, ssize_t length, unsigned port)
{
	if (!manners.raw || length <= 0)
		return;
	printf("raw %u ", port);
	for (ssize_t i = 0; i < length; i++)
		printf("%02x", bytes[i]);
	putchar('\n');
}

static void serve_datagram(int fd)
{
	static struct reply r;
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);
	uint8_t query[4096];
	ssize_t length =
		recvfrom(fd, query, sizeof(query), 0, (struct sockaddr *)&from, &size);
	long delay;

	/* The port is at the same place in both families' addresses. */
	r = (struct reply){ .port = ntohs(((struct sockaddr_in *)&from)->sin_port) };
	print_raw(query, length, r.port);
	delay = length > 0 ? answer(query, (size_t)length, &r) : -1;
	if (delay >= 0 && !r.drop)
		hold(&r, delay, &from, size);
}

/* All questions that came in one segment; -1 when the connection has ended. */
static int serve_stream(int fd)
{
	static struct reply r;
	uint8_t query[65536], prefix[2];
	ssize_t length = recv(fd, query, sizeof(query), 0);

	print_raw(query, length, 0);
	if (length <= 0)
		return -1;
	for (size_t at = 0; at + 2 < (size_t)length;) {
		size_t size = (size_t)(query[at] << 8 | query[at + 1]);

		if (at + 2 + size > (size_t)length)
			return -1;
		r = (struct reply){ .tcp = true };
		if (answer(query + at + 2, size, &r) >= 0 && !r.drop) {
			prefix[0] = (uint8_t)(r.length >> 8);
			prefix[1] = (uint8_t)r.length;
			if (send(fd, prefix, 2, MSG_NOSIGNAL | MSG_MORE) != 2 ||
			    send(fd, r.bytes, r.length, MSG_NOSIGNAL) !=
				    (ssize_t)r.length)
				return -1;
		}
		at += 2 + size;
	}
	return 0;
}

static int serve(const char *addr, const char *port, int type)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = type };
	struct addrinfo *at;
	int fd, on = 1;

	if (getaddrinfo(addr, port, &hints, &at) != 0)
		exit(2);
	fd = socket(at->ai_family, type | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, at->ai_addr, at->ai_addrlen) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 64) < 0)) {
		perror("dns");
		exit(1);
	}
	freeaddrinfo(at);
	return fd;
}

static void read_manners(char **argument)
{
	for (; *argument; argument++) {
		if (strncmp(*argument, "delay=", 6) == 0)
			manners.delay = strtol(*argument + 6, NULL, 10);
		else if (strncmp(*argument, "ttl=", 4) == 0)
			manners.ttl = (unsigned)strtoul(*argument + 4, NULL, 10);
		else if (strncmp(*argument, "a=", 2) == 0)
			manners.a = *argument + 2;
		else if (strncmp(*argument, "aaaa=", 5) == 0)
			manners.aaaa = *argument + 5;
		else if (strcmp(*argument, "silent") == 0)
			manners.silent = true;
		else if (strcmp(*argument, "no-tcp") == 0)
			manners.no_tcp = true;
		else if (strncmp(*argument, "docker=", 7) == 0)
			manners.docker = *argument + 7;
		else if (strcmp(*argument, "flat") == 0)
			manners.flat = true;
		else if (strcmp(*argument, "quiet") == 0)
			manners.quiet = true;
		else if (strcmp(*argument, "raw") == 0)
			manners.raw = true;
		else
			exit(2);
	}
}

int main(int argc, char **argv)
{
	struct pollfd fds[2 + CONNECTIONS_MAX] = { { .fd = -1 }, { .fd = -1 } };
	nfds_t count = 2;

	if (argc < 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	read_manners(argv + 3);
	if (!manners.no_tcp)
		fds[1].fd = serve(argv[1], argv[2], SOCK_STREAM);
	fds[0].fd = serve(argv[1], argv[2], SOCK_DGRAM);
	fds[0].events = fds[1].events = POLLIN;
	puts("ready");

	while (poll(fds, count, send_due(fds[0].fd)) >= 0) {
		if (fds[0].revents)
			serve_datagram(fds[0].fd);
		for (nfds_t i = count; i-- > 2;) {
			if (fds[i].revents && serve_stream(fds[i].fd) < 0) {
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
