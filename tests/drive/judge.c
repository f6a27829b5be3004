/* Is what `explain` says what the plan has and what the kernel does? judge POLICY ANSWERS COUNT, as
 * root in the network that the policy was applied in: COUNT destinations are drawn at the edges of what
 * the policy speaks of, each is explained, looked up in the plan, and sent one packet through a raw
 * socket, which the kernel refuses at once (EPERM) or does not. Prints how many were open, refused
 * and not to be sent there at all; each that differs on stderr, and then the status is 1. */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "entrypoint/inputs.h"
#include "entrypoint/source.h"
#include "lib/answers.h"
#include "lib/explain.h"
#include "lib/macros.h"

#define PROTOCOL_OTHER 253 /* for experiments */

static struct error err;

static void die(const char *what)
{
	fprintf(stderr, "judge: %s: %s\n", what, err.text);
	exit(2);
}

static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

static uint32_t draw(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 20) % below;
}

struct world {
	struct arena *arena;
	struct notes notes;
	struct layer layer;
	struct policy policy;
	struct answers answers;
	struct site site;
	struct plan *plan;
};

static void read_world(const char *policy, const char *answers, struct world *world)
{
	struct layer *layers[LAYER_COUNT] = { [LAYER_PROFILE] = &world->layer };
	struct buf text CLEANUP(buf_release) = { 0 }, lines CLEANUP(buf_release) = { 0 };

	*world = (struct world){ .arena = arena_new(0) };
	layer_init(&world->layer, LAYER_PROFILE, policy);
	if (source_read(policy, NULL, LAYER_BYTES, &text, &err) != 0 ||
	    layer_parse(&world->layer, text.data, text.length, world->arena,
			&world->notes, &err) < 0 ||
	    policy_merge(layers, world->arena, &world->notes, &world->policy, &err) < 0)
		die(policy);
	if (source_read(answers, NULL, LAYER_BYTES, &lines, &err) != 0 ||
	    answers_parse(lines.data, lines.length, answers, world->arena,
			  &world->answers, &err) < 0)
		die(answers);
	if (inputs_site(NULL, &world->site, &err) < 0 ||
	    plan_build(&world->policy, &world->answers, &world->site, &world->notes,
		       &world->plan, &err) < 0)
		die("plan");
}

/* --- destinations ---------------------------------------------------------------------------- */

static struct addr draw_addr(const struct world *world)
{
	const struct policy *policy = &world->policy;
	const struct entry *entry =
		policy->count ? &policy->entries[draw((uint32_t)policy->count)] : NULL;
	const struct answer *answer =
		world->answers.count
			? &world->answers.v[draw((uint32_t)world->answers.count)]
			: NULL;
	struct addr addr = { 0xc6336407, FAMILY_4 };

	if (draw(10) == 0 && world->site.gateway_count)
		addr = world->site.gateways[draw((uint32_t)world->site.gateway_count)];
	else if (draw(3) == 0 && answer)
		addr = answer->addrs[draw((uint32_t)answer->count)];
	else if (entry && entry->kind == ENTRY_PREFIX) {
		addr = entry->prefix.base;
		if (draw(2))
			addr.value = prefix_last(&entry->prefix);
	}
	addr.value += draw(5) - 2u;
	addr.value &= addr_max(addr.family);
	return addr;
}

static uint32_t draw_point(const struct policy *policy)
{
	static const uint32_t points[] = { 1,
					   53,
					   443,
					   853,
					   65535,
					   PORTSET_UDP + 53,
					   PORTSET_UDP + 443,
					   PORTSET_UDP + 853,
					   PORTSET_UDP + 65535,
					   PORTSET_OTHER };
	uint32_t point = points[draw(ARRAY_SIZE(points))];

	if (policy->count && draw(2)) {
		const struct entry *entry =
			&policy->entries[draw((uint32_t)policy->count)];

		if (entry->port_count) {
			const struct port_range *range =
				&entry->ports[draw(entry->port_count)];

			point = (draw(2) ? range->first : range->last) + draw(3) - 1;
		}
	}
	return point > PORTSET_LAST ? PORTSET_LAST : point;
}

/* Not what the kernel takes for itself, or sends only where it is told a link. */
static bool can_be_sent_to(const struct addr *addr)
{
	if (addr->family == FAMILY_4)
		return addr->value != 0 && addr->value >> 24 != 127;
	return addr->value > 0xffff && addr->value >> 118 != 0x3fa &&
	       addr->value >> 120 != 0xff;
}

/* --- the kernel ------------------------------------------------------------------------------ */

/* Behind the IP header; returns its length. Each has a port of its own, so that no flow is known. */
static size_t write_payload(uint32_t point, uint8_t *out)
{
	static uint16_t source = 1024;
	uint16_t to = htons((uint16_t)(point % PORTSET_UDP)), from = htons(source++);

	if (point < PORTSET_UDP) {
		struct tcphdr tcp = { .th_sport = from,
				      .th_dport = to,
				      .th_off = 5,
				      .th_flags = TH_SYN,
				      .th_win = htons(1024) };

		memcpy(out, &tcp, sizeof(tcp));
		return sizeof(tcp);
	}
	if (point < PORTSET_OTHER) {
		struct udphdr udp = { .uh_sport = from,
				      .uh_dport = to,
				      .uh_ulen = htons(sizeof(udp)) };

		memcpy(out, &udp, sizeof(udp));
		return sizeof(udp);
	}
	memset(out, 0, 8);
	return 8;
}

static uint8_t protocol_of(uint32_t point)
{
	return point < PORTSET_UDP     ? IPPROTO_TCP
	       : point < PORTSET_OTHER ? IPPROTO_UDP
				       : PROTOCOL_OTHER;
}

static bool own_of(const struct world *world, enum family family, struct addr *ret)
{
	for (size_t i = 0; i < world->site.own_count; i++) {
		*ret = world->site.own[i];
		if (ret->family == family && addr_scope(ret) != ADDR_LINK_LOCAL)
			return true;
	}
	return false;
}

/* 0: it went; else errno. */
static int send_four(const struct addr *from, const struct addr *to, uint32_t point)
{
	static int fd = -1;
	struct sockaddr_in where = { .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl((uint32_t)to->value) };
	struct iphdr ip = { .version = 4,
			    .ihl = 5,
			    .ttl = 1,
			    .protocol = protocol_of(point),
			    .saddr = htonl((uint32_t)from->value),
			    .daddr = where.sin_addr.s_addr };
	uint8_t bytes[128];
	size_t length = sizeof(ip) + write_payload(point, bytes + sizeof(ip));
	int on = 1;

	if (fd < 0) {
		fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
		if (fd < 0 ||
		    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) < 0)
			die("raw socket");
	}
	ip.tot_len = htons((uint16_t)length);
	memcpy(bytes, &ip, sizeof(ip));
	return sendto(fd, bytes, length, 0, (void *)&where, sizeof(where)) < 0 ? errno
									       : 0;
}

static int send_six(const struct addr *from, const struct addr *to, uint32_t point)
{
	static int fd = -1;
	struct sockaddr_in6 where = { .sin6_family = AF_INET6 };
	struct ip6_hdr ip = { .ip6_hlim = 1, .ip6_nxt = protocol_of(point) };
	uint8_t bytes[128];
	size_t payload = write_payload(point, bytes + sizeof(ip));

	if (fd < 0)
		fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (fd < 0)
		die("raw socket");
	ip.ip6_vfc = 6 << 4;
	ip.ip6_plen = htons((uint16_t)payload);
	addr_to_bytes(from, ip.ip6_src.s6_addr);
	addr_to_bytes(to, ip.ip6_dst.s6_addr);
	where.sin6_addr = ip.ip6_dst;
	memcpy(bytes, &ip, sizeof(ip));
	return sendto(fd, bytes, sizeof(ip) + payload, 0, (void *)&where, sizeof(where)) <
			       0
		       ? errno
		       : 0;
}

static struct {
	size_t open, refused, nowhere, different;
} counts;

static void judge(const struct world *world, const struct addr *addr, uint32_t point)
{
	struct verdict said =
		explain_addr(&world->policy, &world->answers, &world->site, addr, point);
	bool planned = plan_allows(world->plan, addr, point);
	bool lets = said.allowed || world->policy.mode == MODE_AUDIT;
	char text[ADDR_TEXT];
	struct addr from;
	int result;

	if (!can_be_sent_to(addr) || !own_of(world, addr->family, &from)) {
		counts.nowhere++;
		return;
	}
	result = addr->family == FAMILY_4 ? send_four(&from, addr, point)
					  : send_six(&from, addr, point);
	if (result != 0 && result != EPERM) {
		counts.nowhere++;
		return;
	}
	if (said.allowed != planned || lets != (result == 0)) {
		counts.different++;
		fprintf(stderr,
			"%s point %u: explain says %s, the plan %s, the kernel %s\n",
			addr_format(addr, text), point, said.allowed ? "open" : "closed",
			planned ? "open" : "closed", result == 0 ? "open" : "closed");
	}
	counts.open += result == 0;
	counts.refused += result == EPERM;
}

int main(int argc, char **argv)
{
	static struct world world;

	if (argc != 4) {
		fprintf(stderr, "usage: judge POLICY ANSWERS COUNT\n");
		return 64;
	}
	read_world(argv[1], argv[2], &world);
	for (long i = strtol(argv[3], NULL, 10); i > 0; i--) {
		struct addr addr = draw_addr(&world);

		judge(&world, &addr, draw_point(&world.policy));
	}
	printf("open %zu refused %zu nowhere %zu\n", counts.open, counts.refused,
	       counts.nowhere);
	plan_free(world.plan);
	layer_release(&world.layer);
	notes_release(&world.notes);
	arena_free(world.arena);
	return counts.different > 0;
}
