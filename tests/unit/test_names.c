#include "tests/unit/drawn.h"

#include <stdio.h>

#include "lib/explain.h"
#include "lib/names.h"

/* A policy's lines, and of some hosts: "+" and the numbers of the lines that allow it, the most
 * specific in brackets, "!" before them where somebody chooses the text; "-" and the line that
 * denies it; "" where no line speaks of it. */
struct asking {
	enum mode mode;
	const char *lines[6];
	struct {
		const char *host, *wanted;
	} hosts[6];
};

static void describe(const struct policy *policy, const struct permission *permission,
		     char *out, size_t size)
{
	const char *sign = permission->chosen ? "!+" : "+";
	int used = 0;

	if (permission->verdict != PERMIT_ALLOWED) {
		assert_int_equal(permission->count, 0);
		snprintf(out, size, "%s",
			 permission->verdict == PERMIT_DENIED ? "-" : "");
		used = (int)strlen(out);
		if (permission->entry)
			snprintf(out + used, size - (size_t)used, "%td",
				 permission->entry - policy->entries);
		return;
	}
	used = snprintf(out, size, "%s", sign);
	for (size_t i = 0; i < permission->count; i++) {
		const struct entry *entry = permission->entries[i];

		used += snprintf(out + used, size - (size_t)used,
				 entry == permission->entry ? "[%td]" : "%td",
				 entry - policy->entries);
	}
}

static void check_asking(const struct asking *asking)
{
	CLEANUP(names_freep) struct names *names = NULL;
	struct scene scene CLEANUP(scene_release);
	struct error err;

	scene_init(&scene, asking->mode);
	for (size_t i = 0; i < ARRAY_SIZE(asking->lines) && asking->lines[i]; i++)
		scene_say(&scene, asking->lines[i]);
	assert_int_equal(names_build(&scene.policy, &names, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(asking->hosts) && asking->hosts[i].host; i++) {
		struct permission permission;
		char got[64];

		names_ask(names, asking->hosts[i].host, &permission);
		describe(&scene.policy, &permission, got, sizeof(got));
		if (strcmp(got, asking->hosts[i].wanted) != 0)
			fail_msg("'%s'...: %s: got '%s', not '%s'", asking->lines[0],
				 asking->hosts[i].host, got, asking->hosts[i].wanted);
	}
}

#define CHECK(cases)                                                                     \
	for (size_t i_ = 0; i_ < ARRAY_SIZE(cases); i_++)                                \
		check_asking(&(cases)[i_]);

static void entries_hold_at_label_boundaries(void **state)
{
	static const struct asking cases[] = {
		{ MODE_RESTRICTED,
		  { "allow *.example.com" },
		  { { "a.example.com", "!+[0]" },
		    { "a.b.c.d.example.com", "!+[0]" },
		    { "example.com", "" },
		    { "evilexample.com", "" },
		    { "example.com.evil", "" },
		    { "com", "" } } },
		{ MODE_RESTRICTED,
		  { "allow .example.com" },
		  { { "a.example.com", "!+[0]" },
		    { "example.com", "+[0]" },
		    { "evilexample.com", "" } } },
		{ MODE_RESTRICTED,
		  { "allow example.com" },
		  { { "example.com", "+[0]" },
		    { "a.example.com", "" },
		    { "xexample.com", "" } } },
		{ MODE_RESTRICTED,
		  { "allow *.Example.COM.", "allow xn--bcher-kva.example",
		    "allow *.com" },
		  { { "a.example.com", "!+2[0]" },
		    { "xn--bcher-kva.example", "+[1]" },
		    { "xn--a.example.com", "!+2[0]" } } },
		{ MODE_RESTRICTED, { "allow db" }, { { "db", "+[0]" }, { "a.db", "" } } },
	};

	(void)state;
	CHECK(cases);
}

static void the_most_specific_entry_decides(void **state)
{
	static const struct asking cases[] = {
		{ MODE_RESTRICTED,
		  { "allow .example.com:443", "deny *.b.example.com",
		    "allow a.b.example.com:22", "deny c.example.com" },
		  { { "example.com", "+[0]" },
		    { "x.example.com", "!+[0]" },
		    { "x.b.example.com", "-1" },
		    { "b.example.com", "!+[0]" },
		    /* What a deny overrules opens nothing, even where the name is let out. */
		    { "a.b.example.com", "+[2]" },
		    { "c.example.com", "-3" } } },
		{ MODE_RESTRICTED,
		  { "allow a.example", "deny a.example" },
		  { { "a.example", "-1" } } },
		{ MODE_RESTRICTED,
		  { "allow *.a.example", "deny .a.example", "allow a.example" },
		  { { "x.a.example", "-1" }, { "a.example", "+[2]" } } },
		{ MODE_RESTRICTED,
		  { "allow a.example:1", "allow a.example:2", "allow .a.example:3",
		    "allow *.example:4" },
		  { { "a.example", "+3[0]12" }, { "b.a.example", "!+3[2]" } } },
	};

	(void)state;
	CHECK(cases);
}

static void the_operator_comes_first(void **state)
{
	static const struct asking cases[] = {
		{ MODE_RESTRICTED,
		  { "deny *.a.example", "project allow x.a.example" },
		  { { "x.a.example", "-0" } } },
		{ MODE_RESTRICTED,
		  { "allow x.a.example", "project deny .example" },
		  { { "x.a.example", "-1" } } },
		{ MODE_RESTRICTED,
		  { "allow .a.example:443", "project deny .a.example",
		    "project allow x.a.example:80" },
		  { { "x.a.example", "+0[2]" }, { "y.a.example", "-1" } } },
		/* A project's allow is cut by every deny of the operator. */
		{ MODE_RESTRICTED,
		  { "deny .a.example", "allow x.a.example:443",
		    "project allow x.a.example" },
		  { { "x.a.example", "+[1]" }, { "y.a.example", "-0" } } },
		{ MODE_RESTRICTED,
		  { "project allow p.example", "allow o.example" },
		  { { "p.example", "+[0]" }, { "o.example", "+[1]" } } },
	};

	(void)state;
	CHECK(cases);
}

static void the_mode_decides_about_the_rest(void **state)
{
	static const struct asking cases[] = {
		{ MODE_FULL,
		  { "allow a.example", "deny *.b.example" },
		  { { "a.example", "+[0]" },
		    { "x.example", "!+" },
		    { "x.b.example", "-1" } } },
		{ MODE_AUDIT,
		  { "allow a.example", "deny *.b.example" },
		  { { "a.example", "+[0]" },
		    { "x.example", "!+" },
		    { "x.b.example", "-1" } } },
		{ MODE_NONE,
		  { "allow a.example", "deny *.b.example" },
		  { { "a.example", "" }, { "x.example", "" }, { "x.b.example", "" } } },
	};

	(void)state;
	CHECK(cases);
}

/* Folded as policy_merge() does: what the project said first the operator says again. */
static void a_repetition_by_another_trust_counts(void **state)
{
	CLEANUP(names_freep) struct names *names = NULL;
	struct scene scene CLEANUP(scene_release);
	struct permission permission;
	struct error err;

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	SAY(&scene, "deny .a.example", "project allow x.a.example", "allow x.a.example",
	    "allow x.a.example");
	scene.policy.entries[2].same = &scene.policy.entries[1];
	scene.policy.entries[3].same = &scene.policy.entries[2];
	assert_int_equal(names_build(&scene.policy, &names, &err), 0);
	names_ask(names, "x.a.example", &permission);
	assert_int_equal(permission.verdict, PERMIT_ALLOWED);
	assert_int_equal(permission.count, 1);
	assert_ptr_equal(permission.entry, &scene.policy.entries[2]);
}

static int build_many(struct scene *scene, unsigned exact, unsigned around,
		      struct names **ret, struct error *err)
{
	char text[64];

	for (unsigned i = 0; i < exact + around; i++) {
		struct entry entry;

		snprintf(text, sizeof(text), "%sx.example:%u", i < exact ? "" : ".",
			 i + 1);
		assert_int_equal(
			entry_parse(scene->arena, text, strlen(text), &entry, err), 0);
		scene_add(scene, &entry);
	}
	return names_build(&scene->policy, ret, err);
}

static void too_many_entries_of_one_name_are_an_error(void **state)
{
	static const struct {
		unsigned exact, around;
	} cases[] = { { PERMIT_ENTRIES_MAX, 0 },
		      { 0, PERMIT_ENTRIES_MAX },
		      { PERMIT_ENTRIES_MAX - 3, 3 } };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		CLEANUP(names_freep) struct names *names = NULL;
		struct scene scene CLEANUP(scene_release);
		struct permission permission;
		unsigned more = i & 1;
		struct error err;

		scene_init(&scene, MODE_RESTRICTED);
		if (build_many(&scene, cases[i / 2].exact + more, cases[i / 2].around,
			       &names, &err) == 0) {
			names_ask(names, "x.example", &permission);
			assert_int_equal(permission.count, PERMIT_ENTRIES_MAX);
			assert_false(more);
			continue;
		}
		assert_true(more);
		assert_int_equal(err.kind, ERROR_POLICY);
		assert_non_null(
			strstr(err.text, "more than 16 entries allow 'x.example'"));
	}
}

/* --- against the other model ------------------------------------------------------------- */

static bool opens(const struct entry *entry, uint32_t point)
{
	for (size_t i = 0; i < entry->port_count; i++)
		if (entry->ports[i].first <= point && point <= entry->ports[i].last)
			return true;
	return entry->port_count == 0 &&
	       (point == PORTSET_OTHER ||
		(point % PORTSET_UDP != 53 && point % PORTSET_UDP != 853));
}

static void assert_agree(const struct scene *scene, const char *host,
			 const struct permission *permission, uint32_t point)
{
	struct verdict verdict = explain_name(&scene->policy, host, point);
	bool full = scene->policy.mode == MODE_FULL && point % PORTSET_UDP != 53 &&
		    point % PORTSET_UDP != 853;
	bool open = permission->verdict == PERMIT_ALLOWED && full;

	for (size_t i = 0; i < permission->count; i++)
		open = open || opens(permission->entries[i], point);
	if (point == PORTSET_OTHER && scene->policy.mode == MODE_FULL)
		open = permission->verdict == PERMIT_ALLOWED;
	if (verdict.allowed != open)
		fail_msg("SEED=%#llx: %s point %u: explained as %s (%s)", round_seed,
			 host, point, verdict.allowed ? "open" : "closed",
			 verdict.reason ? verdict.reason : "an entry");
	if (permission->verdict == PERMIT_DENIED)
		assert_ptr_equal(verdict.entry, permission->entry);
	assert_true(verdict.entry || verdict.reason);
}

static void names_and_explanation_agree(void **state)
{
	(void)state;
	draw_begin();
	for (int round = 0; round < 3000; round++) {
		CLEANUP(names_freep) struct names *names = NULL;
		struct scene scene CLEANUP(scene_release);
		struct permission permission;
		struct error err;

		draw_scene(&scene);
		scene.policy.dns = STANCE_GUARDED;
		assert_int_equal(names_build(&scene.policy, &names, &err), 0);
		for (size_t i = 0; i < ARRAY_SIZE(drawn_hosts); i++) {
			names_ask(names, drawn_hosts[i], &permission);
			for (size_t j = 0; j < ARRAY_SIZE(points); j++)
				assert_agree(&scene, drawn_hosts[i], &permission,
					     points[j]);
		}
	}
}

/* Whether time grows with the number of names shows under any load: a list would need hours. */
static void fifty_thousand_names_are_no_burden(void **state)
{
	CLEANUP(names_freep) struct names *names = NULL;
	struct scene scene CLEANUP(scene_release);
	struct permission permission;
	char text[64];
	struct error err;

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	for (unsigned i = 0; i < 50000; i++) {
		struct entry entry;

		snprintf(text, sizeof(text), "%sn%u.z%u.example", i % 2 ? "" : "*.", i,
			 i % 100);
		assert_int_equal(
			entry_parse(scene.arena, text, strlen(text), &entry, &err), 0);
		scene_add(&scene, &entry);
	}
	assert_int_equal(names_build(&scene.policy, &names, &err), 0);
	for (unsigned i = 0; i < 1000000; i++) {
		snprintf(text, sizeof(text), "%sn%u.z%u.example",
			 i % 2 ? "" : "deep.below.", i % 50000, i % 100);
		names_ask(names, text, &permission);
		assert_int_equal(permission.verdict, PERMIT_ALLOWED);
	}
}

/* What `types` each host gets; an entry that a deny overrules adds nothing. */
static void types_are_those_of_all_entries_that_allow(void **state)
{
	static const struct {
		const char *host;
		uint8_t types;
	} cases[] = { { "a.example", 1 | 2 },
		      { "b.a.example", 1 },
		      { "example", 0 },
		      { "c.example", 0 },
		      { "x.c.example", 1 },
		      { "d.example", 8 },
		      { "org", 0 } };
	CLEANUP(names_freep) struct names *names = NULL;
	struct scene scene CLEANUP(scene_release);
	struct permission permission;
	struct error err;

	(void)state;
	scene_init(&scene, MODE_AUDIT);
	SAY(&scene, "allow *.example", "allow a.example", "deny c.example",
	    "project allow d.example", "deny .d.example", "allow d.example");
	scene.policy.entries[0].types = 1;
	scene.policy.entries[1].types = 2;
	scene.policy.entries[3].types = 4;
	scene.policy.entries[5].types = 8;
	assert_int_equal(names_build(&scene.policy, &names, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		names_ask(names, cases[i].host, &permission);
		if (permission.types != cases[i].types)
			fail_msg("%s: %u", cases[i].host, permission.types);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_hold_at_label_boundaries),
		cmocka_unit_test(the_most_specific_entry_decides),
		cmocka_unit_test(the_operator_comes_first),
		cmocka_unit_test(the_mode_decides_about_the_rest),
		cmocka_unit_test(a_repetition_by_another_trust_counts),
		cmocka_unit_test(types_are_those_of_all_entries_that_allow),
		cmocka_unit_test(too_many_entries_of_one_name_are_an_error),
		cmocka_unit_test(names_and_explanation_agree),
		cmocka_unit_test(fifty_thousand_names_are_no_burden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
