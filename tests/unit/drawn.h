#pragma once

#include "tests/unit/scene.h"

#include <time.h>

/* Random policies in a small world, for tests in which two modules have to say the same. A failure
 * prints SEED=, which repeats its round as the first. */

static uint64_t seed;
static unsigned long long round_seed;

static inline uint32_t draw(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 20) % below;
}

static inline void draw_begin(void)
{
	const char *wanted = getenv("SEED"); /* as a failure printed it */

	seed = wanted ? strtoull(wanted, NULL, 0)
		      : (uint64_t)time(NULL) * 0x9e3779b97f4a7c15u;
	seed = seed ? seed : 1;
}

/* Eight addresses around the last of a /29 or the last address there is; and far away. */
static inline struct addr draw_addr(void)
{
	static const char *const bases[] = {
		"10.1.2.0",      "255.255.255.248",
		"172.17.0.0",    "11.1.2.0",
		"2001:db8:17::", "2600::",
		"fd00::",        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff8"
	};
	struct addr addr = addr_of(bases[draw(ARRAY_SIZE(bases))]);

	addr.value += draw(8);
	return addr;
}

static inline struct prefix draw_prefix(void)
{
	struct addr addr = draw_addr();
	uint8_t bits = addr_bits(addr.family);
	uint8_t length = draw(6) ? (uint8_t)(bits - draw(4)) : (uint8_t)draw(bits + 1u);

	return prefix_of(&addr, length);
}

static const char *const drawn_hosts[] = { "a.example",     "b.a.example", "db",
					   "x.b.a.example", "example",     "xa.example" };

static const uint32_t points[] = {
	0,
	22,
	52,
	53,
	54,
	80,
	443,
	853,
	65535,
	PORTSET_UDP,
	PORTSET_UDP + 53,
	PORTSET_UDP + 54,
	PORTSET_UDP + 443,
	PORTSET_UDP + 853,
	PORTSET_UDP + 65535,
	PORTSET_OTHER,
};

static const struct port_range *draw_ports(struct arena *arena, size_t count)
{
	struct port_range *ranges = arena_alloc(arena, count * sizeof(*ranges));

	for (size_t i = 0; i < count; i++) {
		uint32_t a = points[draw(ARRAY_SIZE(points))];
		uint32_t b = draw(2) ? a : points[draw(ARRAY_SIZE(points))];

		ranges[i] = (struct port_range){ a < b ? a : b, a < b ? b : a };
	}
	return ranges;
}

static inline void draw_entry(struct scene *scene)
{
	static const enum entry_kind kinds[] = { ENTRY_NAME, ENTRY_BELOW, ENTRY_SUBTREE };
	static const char *const hosts[] = { "a.example", "b.a.example", "example",
					     "db" };
	struct entry entry = { .trust = draw(3) == 0, .deny = draw(2), .text = "drawn" };

	entry.port_count = draw(2) ? draw(4) : 0;
	entry.ports = draw_ports(scene->arena, entry.port_count);
	entry.prefix = draw_prefix();
	switch (draw(8)) {
	case 0:
		entry.kind = ENTRY_ATTACHED;
		break;
	case 1:
	case 2:
	case 3:
		entry.kind = kinds[draw(ARRAY_SIZE(kinds))];
		entry.deny = draw(5) == 0;
		entry.private_ok = draw(2);
		entry.host = hosts[draw(ARRAY_SIZE(hosts))];
		break;
	default:
		entry.kind = ENTRY_PREFIX;
	}
	scene_add(scene, &entry);
}

static inline void draw_opening(struct scene *scene, struct opening *opening)
{
	opening->kind = draw(4);
	opening->port_count = opening->kind == OPENING_PORTS ? draw(3) : 0;
	opening->ports = draw_ports(scene->arena, opening->port_count);
}

static inline void draw_answers(struct scene *scene)
{
	struct addr *addrs = arena_alloc(scene->arena, 9 * sizeof(*addrs));
	struct answer *v = arena_alloc(scene->arena, 3 * sizeof(*v));
	struct error err;

	for (size_t i = 0; i < 9; i++)
		addrs[i] = draw_addr();
	for (size_t i = 0; i < 3; i++)
		v[i] = (struct answer){ drawn_hosts[i], addrs + 3 * i, 3, ANSWER_OK,
					draw(2) };
	scene->answers = (struct answers){ v, draw(4) };
	assert_int_equal(answers_normalise(&scene->answers, scene->arena, &err), 0);
}

static inline void draw_scene(struct scene *scene)
{
	uint32_t count;

	round_seed = seed;
	count = draw(11);
	scene_init(scene, MODE_FULL + draw(4));
	scene->policy.dns = draw(4);
	scene_attach(scene);
	if (draw(4) == 0) { /* subnets within subnets, a gateway that is a subnet */
		scene->site.attached[0] = draw_prefix();
		scene->site.attached[scene->site.attached_count++] = draw_prefix();
		scene->site.gateways[scene->site.gateway_count++] = draw_addr();
	}
	for (uint32_t i = 0; i < count; i++)
		draw_entry(scene);
	draw_opening(scene, &scene->policy.host_gateway);
	draw_answers(scene);
}
