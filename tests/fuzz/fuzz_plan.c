#include <string.h>

#include "lib/buf.h"
#include "lib/explain.h"
#include "lib/kubernetes.h"
#include "lib/macros.h"
#include "lib/permit.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

/* The bytes are a policy, its answers and its site, in a world of a few addresses and points.
 * The plan has to agree with explain_addr() everywhere in it. */

#define ENTRIES 24
#define ADDRS 8 /* from each base */

static const struct addr bases[] = {
	{ 0x0a010200, FAMILY_4 },          { 0x0b000000, FAMILY_4 },
	{ 0xfffffff8, FAMILY_4 },          { (u128)0x2600 << 112, FAMILY_6 },
	{ (u128)0xfd00 << 112, FAMILY_6 }, { ~(u128)7, FAMILY_6 },
};

static const uint32_t points[] = {
	0,
	52,
	53,
	54,
	443,
	853,
	65535,
	PORTSET_UDP,
	PORTSET_UDP + 53,
	PORTSET_UDP + 443,
	PORTSET_UDP + 65535,
	PORTSET_OTHER,
};

static const char *const hosts[] = { "a.example", "b.a.example", "db" };

struct world {
	struct policy policy;
	struct answers answers;
	struct site site;
	struct entry entries[ENTRIES];
	struct port_range ports[ENTRIES + 2][3];
	struct answer answer[ARRAY_SIZE(hosts)];
	struct addr addrs[ARRAY_SIZE(hosts)][2];
};

static struct addr take_addr(struct input *input)
{
	struct addr addr = bases[take(input, ARRAY_SIZE(bases))];

	addr.value += take(input, ADDRS);
	return addr;
}

static struct prefix take_prefix(struct input *input)
{
	struct addr addr = take_addr(input);

	return prefix_of(&addr, (uint8_t)(addr_bits(addr.family) -
					  take(input, addr_bits(addr.family) + 1u)));
}

static uint32_t take_ports(struct input *input, struct port_range *ranges)
{
	uint32_t count = take(input, 4);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t a = points[take(input, ARRAY_SIZE(points))];
		uint32_t b = points[take(input, ARRAY_SIZE(points))];

		ranges[i] = (struct port_range){ a < b ? a : b, a < b ? b : a };
	}
	return count;
}

static void take_entry(struct input *input, struct entry *entry, struct port_range *ports)
{
	static const enum entry_kind kinds[] = { ENTRY_PREFIX, ENTRY_NAME, ENTRY_ATTACHED,
						 ENTRY_BELOW, ENTRY_SUBTREE };
	uint32_t flags = take(input, 8);

	*entry = (struct entry){
		.kind = kinds[take(input, ARRAY_SIZE(kinds))],
		.trust = flags & 1,
		.deny = flags >> 1 & 1,
		.private_ok = flags >> 2 & 1,
		.host = hosts[take(input, ARRAY_SIZE(hosts))],
		.text = "entry",
		.origin.source = "fuzz",
	};
	entry->prefix = take_prefix(input);
	entry->ports = ports;
	entry->port_count = take_ports(input, ports);
}

static void take_opening(struct input *input, struct opening *opening,
			 struct port_range *ports)
{
	opening->kind = take(input, 4);
	opening->ports = ports;
	opening->port_count = take_ports(input, ports);
}

static void take_world(struct input *input, struct world *world)
{
	struct policy *policy = &world->policy;

	policy->mode = MODE_FULL + take(input, 4);
	policy->dns = take(input, 4);
	policy->entries = world->entries;
	world->answers =
		(struct answers){ world->answer, take(input, ARRAY_SIZE(hosts) + 1) };
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		world->answer[i] = (struct answer){ hosts[i], world->addrs[i], 2,
						    ANSWER_OK, take(input, 2) };
		world->addrs[i][0] = take_addr(input);
		world->addrs[i][1] = take_addr(input);
	}
	world->site.attached_count = take(input, 3);
	world->site.gateway_count = take(input, 3);
	world->site.own_count = take(input, 2);
	for (size_t i = 0; i < 2; i++) {
		world->site.attached[i] = take_prefix(input);
		world->site.gateways[i] = take_addr(input);
		world->site.own[i] = take_addr(input);
	}
	take_opening(input, &policy->host_gateway, world->ports[ENTRIES]);
	take_opening(input, &policy->inbound, world->ports[ENTRIES + 1]);
	for (; policy->count < ENTRIES && input->at < input->end; policy->count++)
		take_entry(input, &world->entries[policy->count],
			   world->ports[policy->count]);
}

static void check_plan(const struct world *world, const struct plan *plan)
{
	for (size_t i = 0; i < ARRAY_SIZE(bases) * ADDRS * ARRAY_SIZE(points); i++) {
		uint32_t point = points[i % ARRAY_SIZE(points)];
		struct addr addr = bases[i / ARRAY_SIZE(points) / ADDRS];
		struct verdict verdict;

		addr.value += i / ARRAY_SIZE(points) % ADDRS;
		verdict = explain_addr(&world->policy, &world->answers, &world->site,
				       &addr, point);
		PROMISE(verdict.allowed == plan_allows(plan, &addr, point));
	}
	for (int i = 0; i < 2; i++) {
		struct addr addr;

		if (plan_refused_addr(plan, i ? FAMILY_6 : FAMILY_4, &addr))
			PROMISE(!plan_allows(plan, &addr, PORTSET_UDP + 9));
	}
}

/* What a name may open later is within what the plan would open, had it the address now. */
static void check_grant(const struct world *world, const struct plan *plan,
			const struct permit *permit, const char *host,
			const struct addr *addr)
{
	CLEANUP(plan_freep) struct plan *later = NULL;
	struct notes notes CLEANUP(notes_release) = { 0 };
	struct answer answer = { host, addr, 1, ANSWER_OK, true };
	const struct answers answers = { &answer, 1 };
	struct permission permission;
	struct grant grant;
	struct error err;

	permit_ask(permit, host, &permission);
	PROMISE(permit_grant(permit, host, &permission, addr, &grant, &err) == 0);
	PROMISE(plan_build(&world->policy, &answers, &world->site, &notes, &later,
			   &err) == 0);
	for (size_t i = 0; i < plan->class_count; i++) {
		if (!(grant.classes >> i & 1))
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(points); j++)
			PROMISE(!portset_has(plan->portsets, plan->classes[i],
					     points[j]) ||
				plan_allows(later, addr, points[j]));
	}
}

static void check_permit(const struct world *world, const struct plan *plan)
{
	CLEANUP(permit_freep) struct permit *permit = NULL;
	struct error err;

	PROMISE(permit_build(&world->policy, plan, &permit, &err) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		check_grant(world, plan, permit, hosts[i], &world->addrs[i][0]);
}

/* For a cluster: all of it, or an error; an empty list of ports would open them all. */
static void check_objects(const struct world *world)
{
	for (int i = 0; i < 2; i++) {
		struct notes notes CLEANUP(notes_release) = { 0 };
		struct buf out CLEANUP(buf_release) = { 0 };
		struct error err;
		int result = i ? networkpolicy_print(&world->policy, &world->answers,
						     &notes, &out, &err)
			       : cilium_print(&world->policy, &world->answers, &notes,
					      &out, &err);

		PROMISE(result == 0 || err.kind == ERROR_POLICY);
		PROMISE(result == 0 || out.length == 0);
		for (char *at = out.data; at && (at = strstr(at, "ports:\n")); at++)
			PROMISE(strncmp(at + 7 + strspn(at + 7, " "), "- {", 3) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(plan_freep) struct plan *plan = NULL;
	struct notes notes CLEANUP(notes_release) = { 0 };
	struct buf out CLEANUP(buf_release) = { 0 };
	struct input input = { data, data + size };
	static struct world world;
	struct error err;

	if (size == 0)
		return 0;
	world = (struct world){ 0 };
	take_world(&input, &world);
	if (plan_build(&world.policy, &world.answers, &world.site, &notes, &plan, &err) <
	    0) {
		/* More entries of one name, or classes, than there may be. */
		PROMISE(world.policy.dns == STANCE_GUARDED && err.kind == ERROR_POLICY);
		return 0;
	}
	check_plan(&world, plan);
	if (world.policy.dns == STANCE_GUARDED)
		check_permit(&world, plan);
	plan_print(plan, &out);
	PROMISE(plan_print_json(plan, &out) == 0);
	check_objects(&world);
	return 0;
}
