#include "tests/unit/scene.h"

static const struct row literals[] = {
	{ MODE_RESTRICTED, .flows = "" },
	{ MODE_RESTRICTED,
	  .lines = { "allow 192.168.1.50:5432/tcp", "allow 10.20.0.0/16:8000-8999",
		     "allow [2001:db8::/32]:443", "allow 198.51.100.7" },
	  .flows = "10.20.0.0/16 8000-8999/tcp\n"
		   "10.20.0.0/16 8000-8999/udp\n"
		   "192.168.1.50 5432/tcp\n"
		   "198.51.100.7 any\n"
		   "2001:db8::/32 443/tcp\n"
		   "2001:db8::/32 443/udp\n" },
	/* Neighbours are joined, repetitions vanish. */
	{ MODE_RESTRICTED,
	  .lines = { "allow 10.0.0.1", "allow 10.0.0.0", "allow 10.0.0.2",
		     "allow 10.0.0.1", "allow 10.0.0.0/31" },
	  .flows = "10.0.0.0-10.0.0.2 any\n" },
	/* The longest prefix decides, whatever the order. */
	{ MODE_RESTRICTED,
	  .lines = { "deny 10.0.0.0/24", "allow 10.0.0.0/8",
		     "allow 10.0.0.128/25:443/tcp" },
	  .flows = "10.0.0.128/25 443/tcp\n"
		   "10.0.1.0-10.255.255.255 any\n" },
	/* On a tie the narrower ports, on a further tie deny. */
	{ MODE_RESTRICTED,
	  .lines = { "allow 10.0.0.1:1000-2000/tcp", "deny 10.0.0.1:1500-1600/tcp",
		     "allow 10.0.0.1:1550/tcp", "deny 10.0.0.1:1550/tcp",
		     "allow 10.0.0.1:1560/tcp" },
	  .flows = "10.0.0.1 1000-1499/tcp\n"
		   "10.0.0.1 1560/tcp\n"
		   "10.0.0.1 1601-2000/tcp\n" },
	/* Without ports, 53 and 853 are left to whoever names them. */
	{ MODE_RESTRICTED, .lines = { "allow 10.0.0.0/8:53/udp", "allow 10.0.0.0/8" },
	  .flows = "10.0.0.0/8 0-52/tcp\n"
		   "10.0.0.0/8 54-852/tcp\n"
		   "10.0.0.0/8 854-65535/tcp\n"
		   "10.0.0.0/8 0-852/udp\n"
		   "10.0.0.0/8 854-65535/udp\n"
		   "10.0.0.0/8 other\n" },
	/* A project may tighten; what the operator denies it does not open. */
	{ MODE_RESTRICTED,
	  .lines = { "allow 10.0.0.0/24", "deny 10.1.0.0/16", "project deny 10.0.0.0/25",
		     "project allow 10.1.0.1", "project allow 10.2.0.1" },
	  .flows = "10.0.0.128/25 any\n"
		   "10.2.0.1 any\n" },
	/* ... not even with a deny that is longer than the operator's allow is short. */
	{ MODE_RESTRICTED, .lines = { "allow 10.0.0.1", "project deny 0.0.0.0/0" },
	  .flows = "" },
	{ MODE_AUDIT, .lines = { "allow 10.0.0.1" }, .flows = "10.0.0.1 any\n" },
	{ MODE_NONE, .attached = true, .lines = { "allow 10.0.0.1", "allow attached" },
	  .flows = "" },
	{ MODE_FULL, .flows = "0.0.0.0/0 all\n::/0 all\n" },
	{ MODE_FULL,
	  .lines = { "deny 192.168.0.0/16", "allow 192.168.1.50:5432/tcp",
		     "deny fc00::/7" },
	  .flows = "0.0.0.0-192.167.255.255 all\n"
		   "192.168.1.50 5432/tcp\n"
		   "192.169.0.0-255.255.255.255 all\n"
		   "::-fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff all\n"
		   "fe00::/7 all\n" },
	{ MODE_FULL, .lines = { "deny 0.0.0.0/0:25/tcp", "deny ::/0" },
	  .flows = "0.0.0.0/0 0-24/tcp\n"
		   "0.0.0.0/0 26-65535/tcp\n"
		   "0.0.0.0/0 udp\n"
		   "0.0.0.0/0 other\n" },
};

static void literal_entries_are_compiled(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(literals); i++)
		check_row(&literals[i]);
}

static void attached_leaves_the_gateways_out(void **state)
{
	struct scene scene CLEANUP(scene_release);

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	scene_attach(&scene);
	SAY(&scene, "allow attached");
	assert_flows(&scene, "172.17.0.0 any\n"
			     "172.17.0.2-172.17.255.255 any\n"
			     "2001:db8:17:: any\n"
			     "2001:db8:17::2-2001:db8:17:0:ffff:ffff:ffff:ffff any\n");
	/* Not even where an entry opens a port of the gateway. */
	SAY(&scene, "allow 172.17.0.1:3000/tcp");
	scene.site.attached_count = 1;
	assert_flows(&scene, "172.17.0.0 any\n"
			     "172.17.0.1 3000/tcp\n"
			     "172.17.0.2-172.17.255.255 any\n");
	/* Denied, they are left out as well. */
	scene.policy.count = 0;
	scene.policy.mode = MODE_FULL;
	SAY(&scene, "deny attached", "deny ::/0");
	assert_flows(&scene, "0.0.0.0-172.16.255.255 all\n"
			     "172.17.0.1 all\n"
			     "172.18.0.0-255.255.255.255 all\n");
}

static void host_gateway_opens_the_host(void **state)
{
	static const struct port_range ports[] = {
		{ 3000, 3000 }, { PORTSET_UDP + 3000, PORTSET_UDP + 3000 }
	};
	struct scene scene CLEANUP(scene_release);
	struct opening *opening = &scene.policy.host_gateway;

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	scene_attach(&scene);
	scene.site.gateway_count = 1;
	SAY(&scene, "allow 172.17.0.0/30:80/tcp");
	/* Closed by itself, though a network around it is open. */
	assert_flows(&scene, "172.17.0.0 80/tcp\n172.17.0.2/31 80/tcp\n");
	opening->kind = OPENING_PORTS;
	opening->ports = ports;
	opening->port_count = ARRAY_SIZE(ports);
	assert_flows(&scene, "172.17.0.0 80/tcp\n"
			     "172.17.0.1 3000/tcp\n172.17.0.1 3000/udp\n"
			     "172.17.0.2/31 80/tcp\n");
	scene.policy.mode = MODE_NONE;
	assert_flows(&scene, "172.17.0.1 3000/tcp\n172.17.0.1 3000/udp\n");
	opening->port_count = 0;
	assert_flows(&scene, "");
	opening->kind = OPENING_OPEN;
	assert_flows(&scene, "172.17.0.1 any\n");
	SAY(&scene, "deny 172.17.0.1:22/tcp", "project deny 172.17.0.0/16:1-1000/tcp");
	assert_flows(&scene, "172.17.0.1 0/tcp\n"
			     "172.17.0.1 1001-65535/tcp\n"
			     "172.17.0.1 0-52/udp\n"
			     "172.17.0.1 54-852/udp\n"
			     "172.17.0.1 854-65535/udp\n"
			     "172.17.0.1 other\n");
}

/* What an operator's entry says of just that address outweighs a closed host_gateway; what a
 * project says does not. */
static void a_literal_entry_outweighs_host_gateway(void **state)
{
	struct scene scene CLEANUP(scene_release);

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	scene_attach(&scene);
	scene.policy.host_gateway.kind = OPENING_CLOSED;
	SAY(&scene, "allow 172.17.0.1:5432/tcp", "project allow 172.17.0.1:22/tcp");
	assert_flows(&scene, "172.17.0.1 5432/tcp\n");
	scene.policy.count = 0;
	scene.policy.mode = MODE_FULL;
	assert_flows(&scene,
		     "0.0.0.0-172.17.0.0 all\n"
		     "172.17.0.2-255.255.255.255 all\n"
		     "::-2001:db8:17:: all\n"
		     "2001:db8:17::2-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff all\n");
}

static void only_full_with_nothing_to_refuse_is_unfenced(void **state)
{
	static const struct {
		enum mode mode;
		const char *line;
		enum opening_kind inbound, host_gateway;
		enum stance dns;
		bool fenced, inbound_open;
	} cases[] = {
		{ MODE_FULL, NULL, OPENING_UNSET, OPENING_UNSET, STANCE_RESOLVERS, false,
		  true },
		{ MODE_FULL, "allow 10.0.0.1", OPENING_OPEN, OPENING_OPEN, STANCE_UNSET,
		  false, true },
		{ MODE_FULL, "deny 10.0.0.1", OPENING_UNSET, OPENING_UNSET, STANCE_UNSET,
		  true, true },
		{ MODE_FULL, "deny ::1", OPENING_UNSET, OPENING_UNSET, STANCE_UNSET, true,
		  true },
		{ MODE_FULL, NULL, OPENING_CLOSED, OPENING_UNSET, STANCE_UNSET, true,
		  false },
		{ MODE_FULL, NULL, OPENING_PORTS, OPENING_UNSET, STANCE_UNSET, true,
		  false },
		{ MODE_FULL, NULL, OPENING_UNSET, OPENING_CLOSED, STANCE_UNSET, true,
		  true },
		{ MODE_FULL, NULL, OPENING_UNSET, OPENING_UNSET, STANCE_PINNED, true,
		  true },
		{ MODE_AUDIT, NULL, OPENING_UNSET, OPENING_UNSET, STANCE_UNSET, true,
		  false },
		{ MODE_RESTRICTED, NULL, OPENING_UNSET, OPENING_UNSET, STANCE_UNSET, true,
		  false },
		{ MODE_RESTRICTED, NULL, OPENING_OPEN, OPENING_UNSET, STANCE_UNSET, true,
		  true },
		{ MODE_NONE, NULL, OPENING_UNSET, OPENING_UNSET, STANCE_UNSET, true,
		  false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(plan_freep) struct plan *plan = NULL;
		struct scene scene CLEANUP(scene_release);

		scene_init(&scene, cases[i].mode);
		scene_attach(&scene);
		if (cases[i].line)
			scene_say(&scene, cases[i].line);
		scene.policy.inbound.kind = cases[i].inbound;
		scene.policy.host_gateway.kind = cases[i].host_gateway;
		scene.policy.dns = cases[i].dns;
		plan = build(&scene);
		assert_int_equal(plan->fenced, cases[i].fenced);
		assert_int_equal(plan->inbound_open, cases[i].inbound_open);
		assert_int_equal(plan->inbound, PORTSET_EMPTY);
	}
}

static void inbound_ports_are_a_set(void **state)
{
	static const struct port_range ports[] = { { 5173, 5173 }, { 3000, 3000 } };
	CLEANUP(plan_freep) struct plan *plan = NULL;
	struct scene scene CLEANUP(scene_release);

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	scene.policy.inbound = (struct opening){ OPENING_PORTS, ports, 2, { 0 } };
	plan = build(&scene);
	assert_false(plan->inbound_open);
	assert_true(portset_has(plan->portsets, plan->inbound, 3000));
	assert_true(portset_has(plan->portsets, plan->inbound, 5173));
	assert_false(portset_has(plan->portsets, plan->inbound, PORTSET_UDP + 3000));
}

static void resolvers_follow_the_stance(void **state)
{
	static const struct {
		enum mode mode;
		enum stance dns;
		size_t count;
	} cases[] = {
		{ MODE_RESTRICTED, STANCE_UNSET, 1 },  { MODE_FULL, STANCE_RESOLVERS, 1 },
		{ MODE_AUDIT, STANCE_RESOLVERS, 1 },   { MODE_NONE, STANCE_RESOLVERS, 0 },
		{ MODE_RESTRICTED, STANCE_PINNED, 0 }, { MODE_FULL, STANCE_PINNED, 0 },
	};
	struct addr resolver = addr_of("192.0.2.53"), docker = addr_of("127.0.0.11");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(plan_freep) struct plan *plan = NULL;
		struct scene scene CLEANUP(scene_release);
		bool asks = cases[i].count;

		scene_init(&scene, cases[i].mode);
		scene_attach(&scene);
		scene.site.resolvers[scene.site.resolver_count++] = docker;
		scene.site.resolvers[scene.site.resolver_count++] = addr_of("::1");
		scene.policy.dns = cases[i].dns;
		plan = build(&scene);
		assert_int_equal(plan->resolver_count, cases[i].count);
		assert_int_equal(plan_allows(plan, &resolver, 53), asks);
		assert_int_equal(plan_allows(plan, &resolver, PORTSET_UDP + 53), asks);
		assert_int_equal(plan_allows(plan, &docker, 53), asks);
		assert_int_equal(plan_allows(plan, &resolver, 80),
				 cases[i].mode == MODE_FULL);
	}
}

static void json_is_one_object(void **state)
{
	CLEANUP(plan_freep) struct plan *plan = NULL;
	struct scene scene CLEANUP(scene_release);
	struct buf out = { 0 };

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	scene_attach(&scene);
	SAY(&scene, "allow 10.0.0.1:443", "allow 10.0.0.2", "allow gone.example");
	plan = build(&scene);
	assert_int_equal(plan_print_json(plan, &out), 0);
	assert_string_equal(
		out.data,
		"{\"version\":1,\"policy\":\"restricted\",\"fenced\":true,\"dns\":\"resolvers\",\n"
		" \"resolvers\":[\"192.0.2.53\"],\n"
		" \"inbound\":[],\n"
		" \"flows\":[\n"
		"  {\"to\":\"10.0.0.1\",\"ports\":[\"443/tcp\",\"443/udp\"]},\n"
		"  {\"to\":\"10.0.0.2\",\"ports\":[\"any\"]}],\n"
		" \"skipped\":[\n"
		"  {\"name\":\"gone.example\",\"why\":\"not in the answers\"}]}\n");
	buf_release(&out);
}

static void counts_for_the_start_line(void **state)
{
	CLEANUP(plan_freep) struct plan *plan = NULL;
	struct scene scene CLEANUP(scene_release);

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	scene_attach(&scene);
	SAY(&scene, "allow a.example:443", "allow a.example:80", "allow b.example",
	    "allow 10.0.0.1", "deny 10.0.0.2", "allow attached", "allow c.example");
	scene_answer(&scene,
		     "11.0.0.1 a.example\n11.0.0.2 a.example\n11.0.0.3 b.example\n"
		     "192.168.0.1 c.example\n");
	plan = build(&scene);
	assert_int_equal(plan->names, 2);
	assert_int_equal(plan->addresses, 3);
	assert_int_equal(plan->networks, 2);
}

/* 200,000 addresses, every one with another port list: an error, and soon. */
static void hostile_port_lists_end_in_an_error(void **state)
{
	struct scene scene CLEANUP(scene_release);

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	for (uint32_t i = 0; i < 200000; i++) {
		struct port_range *ports = arena_alloc(scene.arena, 8 * sizeof(*ports));
		struct entry entry = { .kind = ENTRY_PREFIX,
				       .port_count = 8,
				       .ports = ports };

		entry.prefix = (struct prefix){ { i * 2, FAMILY_4 }, 32 };
		for (uint32_t j = 0; j < 8; j++)
			ports[j].first = ports[j].last =
				j * 8000 + (j % 2 ? i & 1023 : i >> 10);
		scene_add(&scene, &entry);
	}
	assert_fails(&scene, ERROR_POLICY, "too many different port lists");
}

static void too_many_flows_are_an_error(void **state)
{
	static const struct port_range ports[] = { { 1, 1 }, { 3, 3 }, { 5, 5 } };
	struct scene scene CLEANUP(scene_release);

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	for (uint32_t i = 0; i < 133334; i++) {
		struct entry entry = { .kind = ENTRY_PREFIX,
				       .port_count = 3,
				       .ports = ports };

		entry.prefix = (struct prefix){ { i * 2, FAMILY_4 }, 32 };
		scene_add(&scene, &entry);
	}
	assert_fails(&scene, ERROR_POLICY,
		     "400002 flows (addresses times ports) are more than 400000");
	scene.policy.count--;
	plan_free(build(&scene));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literal_entries_are_compiled),
		cmocka_unit_test(attached_leaves_the_gateways_out),
		cmocka_unit_test(host_gateway_opens_the_host),
		cmocka_unit_test(a_literal_entry_outweighs_host_gateway),
		cmocka_unit_test(only_full_with_nothing_to_refuse_is_unfenced),
		cmocka_unit_test(inbound_ports_are_a_set),
		cmocka_unit_test(resolvers_follow_the_stance),
		cmocka_unit_test(json_is_one_object),
		cmocka_unit_test(counts_for_the_start_line),
		cmocka_unit_test(hostile_port_lists_end_in_an_error),
		cmocka_unit_test(too_many_flows_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
