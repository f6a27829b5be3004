#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/arena.h"
#include "lib/macros.h"
#include "lib/sweep.h"

/* A universe of eight addresses at an end of a family, or where a number outgrows its half, and of twelve
 * points of the line: small enough to ask every rule about every point. */
#define ADDRS 8u
#define POINTS 12u
#define RULES 7u

/* Of the points: both ends, around a port of DNS, and where TCP's meet UDP's. */
static const uint32_t point_bases[] = {
	0, 48, 847, PORTSET_UDP - POINTS / 2, PORTSET_UDP + 48, PORTSET_LAST - POINTS + 1
};

static uint32_t seed = 1;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 10) % below;
}

struct world {
	struct rule v[RULES];
	struct port_range ports[RULES][3];
	size_t count;
	enum family family;
	u128 addrs;      /* the first of them */
	uint32_t points; /* the same */
};

static void draw_rule(struct world *world, struct rule *rule, struct port_range *ports)
{
	uint8_t bits = addr_bits(world->family);

	*rule = (struct rule){ .family = (uint8_t)world->family, .ports = ports };
	rule->length = draw(8) ? (uint8_t)(bits - draw(4)) : 0;
	if (rule->length) {
		struct addr addr = { world->addrs + draw(ADDRS), world->family };

		rule->base = prefix_of(&addr, rule->length).base.value;
	}
	rule->kind = draw(4) ? RULE_ENTRY : draw(4);
	rule->deny = rule->kind == RULE_WEAK || draw(2);
	if (rule->kind == RULE_HOLE) {
		rule->length = bits;
		rule->base = world->addrs + draw(ADDRS);
	}
	if (rule->kind == RULE_HOLE || rule->kind == RULE_WEAK)
		return;
	rule->port_count = draw(4);
	for (size_t i = 0; i < rule->port_count; i++) {
		uint32_t a = draw(POINTS), b = draw(POINTS);

		ports[i].first = world->points + (a < b ? a : b);
		ports[i].last = world->points + (a < b ? b : a);
	}
}

static bool covers(const struct rule *rule, u128 value)
{
	struct prefix prefix = { { rule->base, rule->family }, rule->length };
	struct addr addr = { value, rule->family };

	return prefix_contains(&prefix, &addr);
}

static bool is_hole(const struct world *world, u128 value)
{
	for (size_t i = 0; i < world->count; i++) {
		if (world->v[i].kind == RULE_HOLE && world->v[i].base == value)
			return true;
	}
	return false;
}

static bool is_dns(uint32_t point)
{
	uint32_t port = point % PORTSET_UDP;

	return point != PORTSET_OTHER && (port == 53 || port == 853);
}

/* The width of the rule's narrowest range at the point; 0 where it says nothing. */
static uint32_t width_at(const struct rule *rule, uint32_t point)
{
	uint32_t width = 0;

	if (rule->kind == RULE_WEAK)
		return PORTSET_LAST + 2;
	/* Without ports an allow says nothing of DNS. */
	if (rule->port_count == 0)
		return !rule->deny && is_dns(point) ? 0 : PORTSET_LAST + 1;
	for (size_t i = 0; i < rule->port_count; i++) {
		const struct port_range *range = &rule->ports[i];
		uint32_t this = range->last - range->first + 1;

		if (range->first <= point && point <= range->last &&
		    (!width || this < width))
			width = this;
	}
	return width;
}

enum word { SILENT, ALLOW, DENY };

static enum word model(const struct world *world, u128 value, uint32_t point)
{
	const struct rule *best = NULL;

	for (size_t i = 0; i < world->count; i++) {
		const struct rule *rule = &world->v[i];
		uint32_t width = width_at(rule, point);

		if (rule->kind == RULE_HOLE || !covers(rule, value) || !width ||
		    (rule->kind == RULE_ATTACHED && is_hole(world, value)))
			continue;
		if (!best || rule->length > best->length ||
		    (rule->length == best->length &&
		     (width < width_at(best, point) ||
		      (width == width_at(best, point) && rule->deny))))
			best = rule;
	}
	if (!best)
		return SILENT;
	return best->deny ? DENY : ALLOW;
}

static enum word word_of(const struct portsets *table, const struct verdicts *verdicts,
			 enum family family, u128 value, uint32_t point)
{
	int i = family == FAMILY_6;
	bool allow = portset_has(table, spans_at(&verdicts->allow[i], value), point);
	bool deny = portset_has(table, spans_at(&verdicts->deny[i], value), point);

	assert_false(allow && deny);
	return allow ? ALLOW : deny ? DENY : SILENT;
}

static void check_world(struct portsets *table, const struct world *world)
{
	struct verdicts verdicts CLEANUP(verdicts_release) = { 0 };
	struct rules rules CLEANUP(rules_release) = { 0 };
	struct error err;

	for (size_t i = 0; i < world->count; i++) {
		assert_true(array_grow(&rules.v, &rules.capacity, i, sizeof(*rules.v)));
		rules.v[rules.count++] = world->v[i];
	}
	assert_int_equal(sweep(table, &rules, &verdicts, &err), 0);
	/* And one beyond, at either end: behind the last comes the first. */
	for (u128 i = 0; i < ADDRS + 2; i++) {
		u128 value = (world->addrs - 1 + i) & addr_max(world->family);

		for (uint32_t point = world->points; point < world->points + POINTS;
		     point++)
			assert_int_equal(
				word_of(table, &verdicts, world->family, value, point),
				model(world, value, point));
	}
}

static void says_what_every_rule_asked_alone_says(void **state)
{
	CLEANUP(portsets_freep) struct portsets *table = portsets_new();

	(void)state;
	for (int round = 0; round < 4000; round++) {
		struct world world = {
			.count = draw(RULES + 1),
			.family = draw(2) ? FAMILY_6 : FAMILY_4,
			.points = point_bases[draw(ARRAY_SIZE(point_bases))]
		};
		u128 max = addr_max(world.family);

		world.addrs = draw(3) == 0 ? 0 : draw(2) ? max - ADDRS + 1 : max / 2 - 3;
		for (size_t i = 0; i < world.count; i++)
			draw_rule(&world, &world.v[i], world.ports[i]);
		check_world(table, &world);
	}
}

/* Every length at once: the deepest nesting there is. */
static void nests_as_deep_as_prefixes_go(void **state)
{
	CLEANUP(portsets_freep) struct portsets *table = portsets_new();
	struct verdicts verdicts CLEANUP(verdicts_release) = { 0 };
	struct rules rules CLEANUP(rules_release) = { 0 };
	struct error err;

	(void)state;
	for (unsigned length = 0; length <= 128; length++) {
		assert_true(array_grow(&rules.v, &rules.capacity, rules.count,
				       sizeof(*rules.v)));
		rules.v[rules.count++] = (struct rule){ .length = (uint8_t)length,
							.family = FAMILY_6,
							.deny = length % 2 };
	}
	assert_int_equal(sweep(table, &rules, &verdicts, &err), 0);
	assert_int_equal(word_of(table, &verdicts, FAMILY_6, 0, 443), ALLOW);
	assert_int_equal(word_of(table, &verdicts, FAMILY_6, 1, 443), DENY);
	assert_int_equal(word_of(table, &verdicts, FAMILY_6, 2, 443), ALLOW);
	assert_int_equal(word_of(table, &verdicts, FAMILY_6, addr_max(FAMILY_6), 443),
			 ALLOW);
	assert_int_equal(verdicts.allow[1].count, 65);
	assert_int_equal(verdicts.allow[0].count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_every_rule_asked_alone_says),
		cmocka_unit_test(nests_as_deep_as_prefixes_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
