#include "tests/unit/drawn.h"

#include "lib/permit.h"

/* A guarded policy with its plan and its permit. */
struct guard {
	struct plan *plan;
	struct permit *permit;
};

static void guard_release(struct guard *guard)
{
	permit_free(guard->permit);
	plan_free(guard->plan);
}

static struct guard guard_build(struct scene *scene)
{
	struct guard guard = { 0 };
	struct error err;

	scene->policy.dns = STANCE_GUARDED;
	if (plan_build(&scene->policy, &scene->answers, &scene->site, &scene->notes,
		       &guard.plan, &err) < 0 ||
	    permit_build(&scene->policy, guard.plan, &guard.permit, &err) < 0)
		fail_msg("SEED=%#llx: %s", round_seed, err.text);
	return guard;
}

static struct grant grant_of(const struct guard *guard, const char *host,
			     const struct addr *addr)
{
	struct permission permission;
	struct grant grant;
	struct error err;

	permit_ask(guard->permit, host, &permission);
	if (permit_grant(guard->permit, host, &permission, addr, &grant, &err) < 0)
		fail_msg("%s", err.text);
	return grant;
}

/* The ports of all classes of a mask. */
static portset open_ports(const struct guard *guard, uint32_t classes)
{
	portset all = PORTSET_EMPTY;
	struct error err;

	for (size_t i = 0; i < guard->plan->class_count; i++)
		if (classes >> i & 1)
			assert_int_equal(portset_union(guard->plan->portsets, all,
						       guard->plan->classes[i], &all,
						       &err),
					 0);
	return all;
}

/* One line: "HOST ADDR" and what it opens, as plan_print() writes it, or why not. */
struct granting {
	const char *host, *addr, *wanted;
};

struct row_of_grants {
	enum mode mode;
	const char *lines[6];
	struct granting grants[8];
};

static void describe(const struct guard *guard, const struct grant *grant,
		     struct buf *out)
{
	static const char *const reasons[] = { [ADMIT] = "cut",
					       [REFUSE_PRIVATE] = "private",
					       [REFUSE_SPECIAL] = "special",
					       [REFUSE_GATEWAY] = "gateway",
					       [REFUSE_OWN] = "own" };
	portset open = open_ports(guard, grant->classes);
	size_t count;
	const struct port_range *ranges =
		portset_ranges(guard->plan->portsets, open, &count);

	if (open == PORTSET_ANY)
		buf_puts(out, "any");
	else if (count)
		ports_print(ranges, count, out);
	else
		buf_puts(out, grant->admitted ? "told" : reasons[grant->why]);
}

static void check_grants(const struct row_of_grants *row)
{
	struct scene scene CLEANUP(scene_release);
	struct guard guard CLEANUP(guard_release) = { 0 };

	scene_init(&scene, row->mode);
	scene_attach(&scene);
	for (size_t i = 0; i < ARRAY_SIZE(row->lines) && row->lines[i]; i++)
		scene_say(&scene, row->lines[i]);
	guard = guard_build(&scene);
	for (size_t i = 0; i < ARRAY_SIZE(row->grants) && row->grants[i].host; i++) {
		const struct granting *granting = &row->grants[i];
		struct addr addr = addr_of(granting->addr);
		struct grant grant = grant_of(&guard, granting->host, &addr);
		struct buf got CLEANUP(buf_release) = { 0 };

		describe(&guard, &grant, &got);
		if (strcmp(got.data, granting->wanted) != 0)
			fail_msg("%s %s: got '%s', not '%s'", granting->host,
				 granting->addr, got.data, granting->wanted);
	}
}

static void an_address_opens_what_its_name_may(void **state)
{
	static const struct row_of_grants rows[] = {
		{ MODE_RESTRICTED,
		  { "allow *.example.com:443", "allow a.example.com:22/tcp",
		    "allow b.example.com" },
		  { { "a.example.com", "11.0.0.7", "22/tcp,443" },
		    { "b.example.com", "2600::7", "any" },
		    { "c.example.com", "11.0.0.7", "443" },
		    { "example.com", "11.0.0.7", "cut" } } },
		/* What denies leave of it: all of it, a part, nothing. */
		{ MODE_RESTRICTED,
		  { "allow a.example:80", "allow a.example:443", "deny 11.0.0.0/24",
		    "project deny 11.0.1.0/24:443", "deny 11.0.2.0/24:443/udp" },
		  { { "a.example", "11.0.0.7", "cut" },
		    { "a.example", "11.0.1.7", "80" },
		    { "a.example", "11.0.2.7", "80,443/tcp" },
		    { "a.example", "11.0.3.7", "80,443" } } },
		/* The host that is asked for, not the wildcard, has one label or more. */
		{ MODE_RESTRICTED,
		  { "allow .corp", "allow db" },
		  { { "db", "172.17.0.9", "any" },
		    { "a.corp", "172.17.0.9", "private" },
		    { "corp", "172.17.0.9", "any" },
		    { "corp", "10.0.0.1", "private" },
		    { "corp", "172.17.0.1", "gateway" },
		    { "corp", "172.17.0.2", "told" },
		    { "corp", "127.0.0.1", "special" },
		    { "corp", "169.254.169.254", "special" } } },
		/* A literal that is open anyway may be told. */
		{ MODE_RESTRICTED,
		  { "allow a.example:443", "allow 10.0.0.0/24:5432/tcp" },
		  { { "a.example", "10.0.0.1", "told" },
		    { "a.example", "10.0.1.1", "private" } } },
		{ MODE_AUDIT,
		  { "allow a.example:443" },
		  { { "a.example", "11.0.0.7", "443" },
		    { "x.example", "11.0.0.7", "told" },
		    { "x.example", "10.0.0.1", "told" } } },
		{ MODE_FULL,
		  { "deny 11.0.0.0/24", "allow a.example:853" },
		  { { "a.example", "11.0.1.7", "853" },
		    { "x.example", "11.0.1.7", "told" },
		    { "x.example", "11.0.0.7", "cut" } } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_grants(&rows[i]);
}

static void private_names_weigh_as_literals(void **state)
{
	static const struct row_of_grants rows[] = {
		{ MODE_RESTRICTED,
		  { "private allow *.corp:443", "deny 10.0.0.0/8", "deny 10.0.0.9" },
		  { { "a.corp", "10.0.0.1", "443" },
		    /* A tie of prefixes: the narrower ports, so the name. */
		    { "a.corp", "10.0.0.9", "443" },
		    { "a.corp", "172.17.0.1", "443" },
		    { "a.corp", "127.0.0.1", "special" } } },
		{ MODE_RESTRICTED,
		  { "private allow a.corp", "deny 10.0.0.9", "project deny 10.1.0.0/16" },
		  { { "a.corp", "10.0.0.9", "cut" },
		    { "a.corp", "10.0.0.1", "any" },
		    { "a.corp", "10.1.0.1", "cut" } } },
		{ MODE_RESTRICTED,
		  { "project private allow a.corp:443", "deny 10.0.0.0/8",
		    "project deny 192.168.0.0/16" },
		  { { "a.corp", "10.0.0.1", "cut" },
		    { "a.corp", "192.168.0.1", "443" } } },
		/* One entry may, another may not: the address opens what the first says. */
		{ MODE_RESTRICTED,
		  { "private allow a.corp:443", "allow .corp:80" },
		  { { "a.corp", "10.0.0.1", "443" },
		    { "a.corp", "11.0.0.1", "80,443" },
		    { "b.corp", "10.0.0.1", "private" } } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_grants(&rows[i]);
}

/* --- against the plan -------------------------------------------------------------------- */

static portset minus(struct portsets *table, portset a, portset b)
{
	portset ret;
	struct error err;

	assert_int_equal(portset_minus(table, a, b, &ret, &err), 0);
	return ret;
}

static portset join(struct portsets *table, portset a, portset b)
{
	portset ret;
	struct error err;

	assert_int_equal(portset_union(table, a, b, &ret, &err), 0);
	return ret;
}

/* The same set in the guard's table. */
static portset translate(const struct guard *guard, const struct plan *plan,
			 portset ports)
{
	size_t count;
	const struct port_range *ranges = portset_ranges(plan->portsets, ports, &count);
	portset ret;
	struct error err;

	assert_int_equal(portset_make(guard->plan->portsets, ranges, count, &ret, &err),
			 0);
	return ret;
}

/* What a plan opens at the address when the name has it from the start. */
static portset planned(struct scene *scene, const struct guard *guard, enum stance dns,
		       const char *host, const struct addr *addr)
{
	CLEANUP(plan_freep) struct plan *plan = NULL;
	struct notes notes CLEANUP(notes_release) = { 0 };
	struct answer answer = { host, addr, 1, ANSWER_OK, true };
	struct answers answers = { &answer, 1 };
	struct policy policy = scene->policy;
	struct error err;

	policy.dns = dns;
	if (plan_build(&policy, &answers, &scene->site, &notes, &plan, &err) < 0)
		fail_msg("SEED=%#llx: %s", round_seed, err.text);
	return translate(guard, plan,
			 spans_at(&plan->spans[addr->family == FAMILY_6], addr->value));
}

/* All classes that lie in a set, together. */
static portset expressible(const struct guard *guard, portset ports)
{
	struct portsets *table = guard->plan->portsets;
	portset all = PORTSET_EMPTY;

	for (size_t i = 0; i < guard->plan->class_count; i++)
		if (minus(table, guard->plan->classes[i], ports) == PORTSET_EMPTY)
			all = join(table, all, guard->plan->classes[i]);
	return all;
}

static bool is_plain(const struct policy *policy)
{
	for (size_t i = 0; i < policy->count; i++)
		if (entry_is_wildcard(&policy->entries[i]) ||
		    (entry_is_name(&policy->entries[i]) && policy->entries[i].deny))
			return false;
	return true;
}

static struct {
	unsigned opened, cut, exact, plain;
} seen;

static void assert_agree(struct scene *scene, const struct guard *guard, const char *host,
			 const struct addr *addr)
{
	struct portsets *table = guard->plan->portsets;
	const struct spans *spans = &guard->plan->spans[addr->family == FAMILY_6];
	struct grant grant = grant_of(guard, host, addr);
	portset granted = open_ports(guard, grant.classes);
	portset before = spans_at(spans, addr->value);
	portset open = planned(scene, guard, STANCE_GUARDED, host, addr);
	portset gain = minus(table, open, before);

	if (is_plain(&scene->policy) && scene->policy.mode != MODE_NONE) {
		if (planned(scene, guard, STANCE_PINNED, host, addr) != open)
			fail_msg("SEED=%#llx: pinned and guarded differ", round_seed);
		seen.plain++;
	}
	if (minus(table, granted, open) != PORTSET_EMPTY)
		fail_msg("SEED=%#llx: %s: more than the plan says", round_seed, host);
	if (minus(table, gain, expressible(guard, gain)) == PORTSET_EMPTY) {
		if (minus(table, gain, granted) != PORTSET_EMPTY)
			fail_msg("SEED=%#llx: %s: less than the plan says", round_seed,
				 host);
		seen.exact += gain != PORTSET_EMPTY;
	}
	seen.opened += granted != PORTSET_EMPTY;
	seen.cut += grant.why == ADMIT && granted == PORTSET_EMPTY;
	if (grant.classes || before != PORTSET_EMPTY)
		assert_true(grant.justified);
	assert_int_equal(grant.admitted,
			 grant.justified || guard->plan->mode == MODE_AUDIT);
}

static void a_grant_is_what_the_plan_would_open(void **state)
{
	(void)state;
	draw_begin();
	for (int round = 0; round < 1500; round++) {
		struct scene scene CLEANUP(scene_release);
		struct guard guard CLEANUP(guard_release) = { 0 };

		draw_scene(&scene);
		scene.answers.count = 0;
		guard = guard_build(&scene);
		for (int i = 0; i < 12; i++) {
			struct addr addr = draw_addr();

			assert_agree(&scene, &guard,
				     drawn_hosts[draw(ARRAY_SIZE(drawn_hosts))], &addr);
		}
	}
	assert_true(seen.opened > 500 && seen.cut > 500 && seen.exact > 500);
	assert_true(seen.plain > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_opens_what_its_name_may),
		cmocka_unit_test(private_names_weigh_as_literals),
		cmocka_unit_test(a_grant_is_what_the_plan_would_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
