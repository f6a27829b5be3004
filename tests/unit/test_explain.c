#include "tests/unit/scene.h"

#include <time.h>

#include "lib/explain.h"

/* Random policies in a small world: explain_addr(), which knows no interval, and the plan,
 * which knows nothing else, have to say the same at every point. */

static uint64_t seed;
static unsigned long long round_seed;

static uint32_t draw(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 20) % below;
}

/* Eight addresses around the last of a /29 or the last address there is; and far away. */
static struct addr draw_addr(void)
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

static struct prefix draw_prefix(void)
{
	struct addr addr = draw_addr();
	uint8_t bits = addr_bits(addr.family);
	uint8_t length = draw(6) ? (uint8_t)(bits - draw(4)) : (uint8_t)draw(bits + 1u);

	return prefix_of(&addr, length);
}

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

static void draw_entry(struct scene *scene)
{
	static const char *const hosts[] = { "a.example", "b.example", "db" };
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
		entry.kind = ENTRY_NAME;
		entry.deny = false;
		entry.private_ok = draw(2);
		entry.host = hosts[draw(ARRAY_SIZE(hosts))];
		break;
	default:
		entry.kind = ENTRY_PREFIX;
	}
	scene_add(scene, &entry);
}

static void draw_opening(struct scene *scene, struct opening *opening)
{
	opening->kind = draw(4);
	opening->port_count = opening->kind == OPENING_PORTS ? draw(3) : 0;
	opening->ports = draw_ports(scene->arena, opening->port_count);
}

static void draw_answers(struct scene *scene)
{
	static const char *const hosts[] = { "a.example", "b.example", "db" };
	struct addr *addrs = arena_alloc(scene->arena, 9 * sizeof(*addrs));
	struct answer *v = arena_alloc(scene->arena, 3 * sizeof(*v));
	struct error err;

	for (size_t i = 0; i < 9; i++)
		addrs[i] = draw_addr();
	for (size_t i = 0; i < 3; i++)
		v[i] = (struct answer){ hosts[i], addrs + 3 * i, 3, ANSWER_OK };
	scene->answers = (struct answers){ v, draw(4) };
	assert_int_equal(answers_normalise(&scene->answers, scene->arena, &err), 0);
}

static void draw_scene(struct scene *scene)
{
	uint32_t count = draw(9);

	scene_init(scene, MODE_FULL + draw(4));
	scene->policy.dns = draw(3);
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

static void assert_agree(const struct scene *scene, const struct plan *plan,
			 const struct addr *addr, uint32_t point)
{
	struct verdict verdict =
		explain_addr(&scene->policy, &scene->answers, &scene->site, addr, point);
	char text[ADDR_TEXT];

	if (verdict.allowed != plan_allows(plan, addr, point))
		fail_msg("SEED=%#llx: %s point %u: explained as %s (%s)", round_seed,
			 addr_format(addr, text), point,
			 verdict.allowed ? "open" : "closed",
			 verdict.reason ? verdict.reason : "an entry");
	assert_true(verdict.reason || verdict.entry);
}

static void plan_and_explanation_agree(void **state)
{
	const char *wanted = getenv("SEED"); /* as a failure printed it */

	(void)state;
	seed = wanted ? strtoull(wanted, NULL, 0)
		      : (uint64_t)time(NULL) * 0x9e3779b97f4a7c15u;
	seed = seed ? seed : 1;
	for (int round = 0; round < 2000; round++) {
		CLEANUP(plan_freep) struct plan *plan = NULL;
		struct scene scene CLEANUP(scene_release);
		struct error err;

		round_seed = seed;
		draw_scene(&scene);
		if (plan_build(&scene.policy, &scene.answers, &scene.site, &scene.notes,
			       &plan, &err) < 0)
			fail_msg("SEED=%#llx: %s", round_seed, err.text);
		for (int i = 0; i < 20; i++) {
			struct addr addr = draw_addr();

			for (size_t j = 0; j < ARRAY_SIZE(points); j++)
				assert_agree(&scene, plan, &addr, points[j]);
		}
	}
}

static struct verdict ask(const struct scene *scene, const char *addr, uint32_t point)
{
	struct addr parsed = addr_of(addr);

	return explain_addr(&scene->policy, &scene->answers, &scene->site, &parsed,
			    point);
}

static void says_which_entry_decides(void **state)
{
	struct scene scene CLEANUP(scene_release);
	const struct entry *entries;
	struct verdict verdict;

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	scene_attach(&scene);
	SAY(&scene, "allow 10.0.0.0/8", "deny 10.1.0.0/16", "allow 10.1.2.3:5432/tcp",
	    "allow api.example.com:443", "deny 12.0.0.0/24", "allow nas.example.com");
	scene_answer(&scene, "11.0.0.7 api.example.com\n12.0.0.9 api.example.com\n"
			     "192.168.1.9 nas.example.com\n");
	entries = scene.policy.entries;

	assert_ptr_equal(ask(&scene, "10.2.0.1", 80).entry, &entries[0]);
	assert_ptr_equal(ask(&scene, "10.1.0.1", 80).entry, &entries[1]);
	assert_ptr_equal(ask(&scene, "10.1.2.3", 5432).entry, &entries[2]);
	assert_ptr_equal(ask(&scene, "11.0.0.7", 443).entry, &entries[3]);
	assert_true(ask(&scene, "11.0.0.7", 443).allowed);

	verdict = ask(&scene, "12.0.0.9", 443);
	assert_ptr_equal(verdict.entry, &entries[4]);
	assert_false(verdict.allowed);
	verdict = ask(&scene, "192.168.1.9", 443);
	assert_ptr_equal(verdict.entry, &entries[5]);
	assert_string_equal(verdict.reason,
			    "a name opens a private address only with `private: true`");
	verdict = ask(&scene, "10.2.0.1", 53);
	assert_ptr_equal(verdict.entry, &entries[0]);
	assert_non_null(strstr(verdict.reason, "ports 53 and 853"));
	verdict = ask(&scene, "192.0.2.1", 443);
	assert_null(verdict.entry);
	assert_string_equal(verdict.reason, "no entry");
}

static void says_what_no_entry_decides(void **state)
{
	struct scene scene CLEANUP(scene_release);

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	scene_attach(&scene);
	SAY(&scene, "allow attached");
	assert_true(ask(&scene, "192.0.2.53", PORTSET_UDP + 53).allowed);
	assert_false(ask(&scene, "192.0.2.53", 443).allowed);
	assert_true(ask(&scene, "127.0.0.1", 8080).allowed);
	assert_true(ask(&scene, "127.0.0.11", 53).allowed);
	assert_true(ask(&scene, "172.17.0.2", 8080).allowed);
	assert_string_equal(ask(&scene, "172.17.0.1", 80).reason, "host_gateway");
	scene.policy.mode = MODE_NONE;
	assert_false(ask(&scene, "127.0.0.11", 53).allowed);
	assert_string_equal(ask(&scene, "192.0.2.53", 53).reason, "policy none");
	assert_string_equal(ask(&scene, "172.17.0.1", 80).reason, "host_gateway");
	scene.policy.mode = MODE_FULL;
	assert_true(ask(&scene, "172.17.0.1", 80).allowed);
	assert_string_equal(ask(&scene, "192.0.2.1", 80).reason, "policy full");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_which_entry_decides),
		cmocka_unit_test(says_what_no_entry_decides),
		cmocka_unit_test(plan_and_explanation_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
