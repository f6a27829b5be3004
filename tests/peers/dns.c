/* dns ADDR PORT [delay=MS] [silent] [no-tcp] [flat] [quiet] [ttl=SECONDS] [a=ADDR[,ADDR...]]
 * [aaaa=ADDR[,ADDR...]] [docker=ADDR]: a DNS server that gives its addresses in turn, one with each
 * answer, with manners that no real one would admit. It knows every name; the first label says how the
 * answer is (the table below), any other label gets an honest one. On stdout it says "ready", then
 * each question in a line (type, name, protocol, port it came from), unless quiet.
 *
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

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28 };
enum { RCODE_OK = 0, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5 };
enum { COLD = -1 };
enum { HEADER = 12, FLAG_TC = 0x02, COUNT_ANSWERS = 6, CONNECTIONS_MAX = 64 };

static struct {
	long delay;
	bool silent, no_tcp, flat, quiet;
	const char *a, *aaaa, *docker;
	unsigned ttl;
} manners = { .a = "198.51.100.10", .aaaa = "2001:db8:1::10", .ttl = 60 };

struct reply {
	uint8_t bytes[65535];
	size_t length;
	uint16_t type; /* that was asked for */
	unsigned port; /* of who asked, when by UDP */
	bool tcp, drop;
};

static void put16(struct reply *r, unsigned value)
{
	r->bytes[r->length++] = (uint8_t)(value >> 8);
	r->bytes[r->length++] = (uint8_t)value;
}

static void put_name(struct reply *r, const char *name)
{
	while (*name) {
		size_t label = strcspn(name, ".");

		r->bytes[r->length++] = (uint8_t)label;
		memcpy(r->bytes + r->length, name, label);
		r->length += label;
		name += label + (name[label] == '.');
	}
	r->bytes[r->length++] = 0;
}

/* `owner` NULL: the name in the question. */
static void put_owner(struct reply *r, const char *owner, unsigned type)
{
	if (owner)
		put_name(r, owner);
	else
		put16(r, 0xc000 | HEADER);
	put16(r, type);
	put16(r, 1);
	put16(r, manners.ttl >> 16);
	put16(r, manners.ttl);
	r->bytes[COUNT_ANSWERS + 1]++;
	r->bytes[COUNT_ANSWERS] += r->bytes[COUNT_ANSWERS + 1] == 0;
}

static void put_address(struct reply *r, const char *owner, const char *text)
{
	bool six = strchr(text, ':') != NULL;

	if (r->type != (six ? TYPE_AAAA : TYPE_A))
		return;
	put_owner(r, owner, r->type);
	put16(r, six ? 16 : 4);
	inet_pton(six ? AF_INET6 : AF_INET, text, r->bytes + r->length);
	r->length += six ? 16 : 4;
}

static void put_alias(struct reply *r, const char *owner, const char *target)
{
	size_t at;

	put_owner(r, owner, TYPE_CNAME);
	at = r->length;
	put16(r, 0);
	if (target)
		put_name(r, target);
	else
		put16(r, 0xc000 | HEADER);
	r->bytes[at + 1] = (uint8_t)(r->length - at - 2);
}

static void rcode(struct reply *r, unsigned code)
{
	r->bytes[3] = (uint8_t)((r->bytes[3] & 0xf0) | code);
}

/* The next of a list, whose turn it is. */
static const char *next_of(const char *list, size_t *turn)
{
	static char text[64];
	const char *at = list + *turn;
	size_t length = strcspn(at, ",");

	snprintf(text, sizeof(text), "%.*s", (int)length, at);
	*turn = at[length] ? *turn + length + 1 : 0;
	return text;
}

static void honest(struct reply *r)
{
	static size_t turn4, turn6;

	if (r->type == TYPE_A)
		put_address(r, NULL, next_of(manners.a, &turn4));
	if (r->type == TYPE_AAAA)
		put_address(r, NULL, next_of(manners.aaaa, &turn6));
}

static void servfail(struct reply *r)
{
	rcode(r, RCODE_SERVFAIL);
}
static void refused(struct reply *r)
{
	rcode(r, RCODE_REFUSED);
}
static void nxdomain(struct reply *r)
{
	rcode(r, RCODE_NXDOMAIN);
}
static void nodata(struct reply *r)
{
	rcode(r, RCODE_OK);
}
static void silent(struct reply *r)
{
	r->drop = true;
}

static void only_a(struct reply *r)
{
	honest(r);
	if (r->type == TYPE_AAAA)
		servfail(r);
}

static void only_aaaa(struct reply *r)
{
	honest(r);
	r->drop = r->type == TYPE_A;
}

static void half_nxdomain(struct reply *r)
{
	if (r->type == TYPE_AAAA)
		nxdomain(r);
}

static void wrong_id(struct reply *r)
{
	honest(r);
	r->bytes[0] ^= 0xff;
}

static void wrong_question(struct reply *r)
{
	honest(r);
	r->bytes[HEADER + 1] ^= 1;
}

static void garbage(struct reply *r)
{
	memset(r->bytes + 2, 0xff, 40);
	r->length = 42;
}

static void cut(struct reply *r)
{
	honest(r);
	r->bytes[COUNT_ANSWERS + 1] = 9;
	r->length -= 2;
}

/* A reply that fits into no datagram; over TCP all of it, as far as there is TCP. */
static void truncated(struct reply *r)
{
	honest(r);
	if (!r->tcp)
		r->bytes[2] |= FLAG_TC;
}

static void many(struct reply *r)
{
	char text[32];

	for (int i = 0; i < 600 && r->tcp; i++) {
		snprintf(text, sizeof(text), "198.18.%d.%d", i / 256, i % 256);
		put_address(r, NULL, text);
	}
	if (!r->tcp)
		r->bytes[2] |= FLAG_TC;
}

static void countless(struct reply *r)
{
	char text[48];

	for (int i = 0; i < 2000 && r->tcp; i++) {
		snprintf(text, sizeof(text), "2001:db8:ffff::%x", i);
		put_address(r, NULL, text);
	}
	if (!r->tcp)
		r->bytes[2] |= FLAG_TC;
}

static void alias(struct reply *r)
{
	put_address(r, "b.cdn.test", manners.a);
	put_address(r, "b.cdn.test", manners.aaaa);
	put_alias(r, "A.cdn.test", "b.cdn.test");
	put_alias(r, NULL, "a.CDN.test");
}

static void loop(struct reply *r)
{
	put_alias(r, NULL, "b.loop.test");
	put_alias(r, "b.loop.test", NULL);
	put_address(r, "other.test", manners.a);
}

static void halfway(struct reply *r)
{
	put_alias(r, NULL, "a.cdn.test");
}

static void unrelated(struct reply *r)
{
	put_address(r, "other.test", "203.0.113.66");
	put_address(r, "other.test", "2001:db8::66");
}

static void mixed(struct reply *r)
{
	unrelated(r);
	honest(r);
}

static void metadata(struct reply *r)
{
	put_address(r, NULL, "169.254.169.254");
	put_address(r, NULL, "fd00:ec2::254");
}

static void private(struct reply *r)
{
	put_address(r, NULL, "10.0.0.1");
	put_address(r, NULL, "fd00::1");
}

/* The same question from another address; its reply, or SERVFAIL when it was refused or none came.
 * Nobody else is served meanwhile. */
static void send_on(struct reply *r, const uint8_t *query, size_t length)
{
	struct sockaddr_in from = { .sin_family = AF_INET }, to = from;
	struct pollfd fd = { .events = POLLIN };
	uint8_t bytes[4096];
	ssize_t got = -1;
	bool good;

	inet_pton(AF_INET, manners.docker, &from.sin_addr);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(7753);
	fd.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd.fd < 0 || bind(fd.fd, (void *)&from, sizeof(from)) < 0)
		exit(1);
	sendto(fd.fd, query, length, 0, (void *)&to, sizeof(to));
	if (poll(&fd, 1, 2000) > 0)
		got = recv(fd.fd, bytes, sizeof(bytes), 0);
	close(fd.fd);
	good = got >= HEADER && (bytes[3] & 0xf) != RCODE_REFUSED;
	if (!manners.quiet)
		printf("sent on, %s\n", good      ? "answered"
					: got < 0 ? "nothing"
						  : "refused");
	if (!good) {
		rcode(r, RCODE_SERVFAIL);
		return;
	}
	memcpy(r->bytes, bytes, (size_t)got);
	r->length = (size_t)got;
}

static const char *type_name(unsigned type)
{
	static char other[16];

	if (type == TYPE_A || type == TYPE_AAAA)
		return type == TYPE_A ? "A" : "AAAA";
	snprintf(other, sizeof(other), "TYPE%u", type);
	return other;
}

static void flatten(struct reply *r)
{
	for (size_t i = HEADER; i < r->length && r->bytes[i]; i++)
		if (r->bytes[i] >= 'A' && r->bytes[i] <= 'Z')
			r->bytes[i] |= 0x20;
}

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
