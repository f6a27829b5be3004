#pragma once

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* How dns.c answers: the first label of a name says it (the table at the end). */

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28 };
enum { RCODE_OK = 0, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5 };
enum { COLD = -1 };
enum { HEADER = 12, FLAG_TC = 0x02, COUNT_ANSWERS = 6, CONNECTIONS_MAX = 64 };

static struct {
	long delay;
	bool silent, no_tcp, flat, quiet, raw;
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
