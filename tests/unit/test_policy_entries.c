#include "tests/unit/policy_bench.h"

#define GUARDED "restricted guarded inbound=closed gateway=closed"
#define S(...) "network: { allow: [" __VA_ARGS__ "] }"

static void repetitions_are_folded(void **state)
{
	static const struct merging cases[] = {
		{ S("a.example, A.example., a.example:443, a.example"), NULL, NULL, NULL,
		  "restricted" CLOSED
		  " +a.example =+a.example +a.example:443 =+a.example",
		  NULL },
		{ S("{ host: a.example, ports: [443, 80] }, { host: a.example, ports: "
		    "[80, 443/tcp, 443/udp] }"),
		  NULL, NULL, NULL,
		  "restricted" CLOSED " +a.example:80,443 =+a.example:80,443", NULL },
		{ S("a.example"), S("a.example, b.example"), NULL, NULL,
		  "restricted" CLOSED " +a.example (=+a.example) (+b.example)", NULL },
		/* A literal weighs among the literals of its own trust. */
		{ S("10.0.0.1"), S("10.0.0.1, 10.0.0.1/32"), NULL, NULL,
		  "restricted" CLOSED " +10.0.0.1 (+10.0.0.1) (=+10.0.0.1)", NULL },
		{ S("a.example, { host: a.example, private: true }, { host: a.example, "
		    "required: true }"),
		  NULL, NULL, NULL,
		  "restricted" CLOSED " +a.example +a.example +a.example", NULL },
		{ "network: { dns: guarded, allow: [{ host: a.example, types: [mx, txt] }, "
		  "a.example, { host: a.example, types: txt }, "
		  "{ host: a.example, types: srv }] }",
		  NULL, NULL, NULL,
		  GUARDED " +a.example =+a.example =+a.example +a.example", NULL },
		{ "network: { policy: full, allow: [10.0.0.1], deny: [10.0.0.1] }", NULL,
		  NULL, NULL, FULL " +10.0.0.1 -10.0.0.1", NULL },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void counts_what_the_project_added(void **state)
{
	struct bench *bench =
		merged(S("a.example, 10.0.0.1"),
		       "network: { allow: [a.example, 10.0.0.1, b.example, b.example], "
		       "deny: [10.0.0.2] }",
		       NULL, NULL);

	(void)state;
	assert_int_equal(bench->result, 0);
	assert_true(bench->policy.project_read);
	assert_int_equal(bench->policy.project_added, 1);
	done(bench);
}

#define PINNED "restricted pinned inbound=closed gateway=closed"
#define DNS(stance, ...) "network:\n  dns: " stance "\n  allow: [" __VA_ARGS__ "]\n"

static void what_needs_the_guard_chooses_it(void **state)
{
	static const struct merging cases[] = {
		{ S("\"*.example.com\", .example.org"), NULL, NULL, NULL,
		  GUARDED " +*.example.com +.example.org", NULL },
		{ S("a.example"), S(".example.com"), NULL, NULL,
		  GUARDED " +a.example (+.example.com)", NULL },
		{ "network: { deny: [a.example], allow: [] }", NULL, NULL, NULL,
		  GUARDED " -a.example", NULL },
		{ "network: { deny: [.a.example] }", NULL, NULL, NULL,
		  "full guarded inbound=open gateway=unset -.a.example", NULL },
		{ DNS("guarded", "a.example"), NULL, NULL, NULL, GUARDED " +a.example",
		  NULL },
		{ DNS("resolvers", "a.example"), DNS("guarded", "\"*.example.com\""),
		  NULL, NULL, GUARDED " +a.example (+*.example.com)", NULL },
		/* Without DNS a wildcard does no harm, and needs no guard. */
		{ "network: { policy: none, dns: pinned, allow: [.x.example], deny: "
		  "[y.example] }",
		  NULL, NULL, NULL,
		  "none pinned inbound=closed gateway=closed +.x.example -y.example",
		  NULL },
		{ "network: { policy: none, allow: [.x.example] }", NULL, NULL, NULL,
		  "none" CLOSED " +.x.example", NULL },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void another_stance_beside_it_is_refused(void **state)
{
	static const struct merging cases[] = {
		{ S(".example.com"), NULL, NULL, "dns=pinned",
		  "profile.yml:1: wildcard '.example.com' needs dns: guarded, but dns is "
		  "pinned (flags)",
		  NULL },
		{ S(".a.example, .b.example"), NULL, NULL, "dns=resolvers",
		  "wildcard '.a.example' needs dns: guarded, but dns is resolvers "
		  "(flags) (and 1 more)",
		  NULL },
		{ "network: { dns: pinned, deny: [a.example], allow: [] }", NULL, NULL,
		  NULL,
		  "profile.yml:1: deny of a name 'a.example' filters DNS and needs dns: "
		  "guarded, but dns is pinned (profile.yml:1)",
		  NULL },
		/* What a project narrows is not left out: it fails. */
		{ DNS("pinned", "a.example"), "network: { deny: [a.example] }", NULL,
		  NULL, ".ccpod.yml:1: deny of a name 'a.example'", NULL },
		{ S(".example.com"), "network: { dns: pinned }", NULL, NULL,
		  "but dns is pinned (.ccpod.yml:1)", NULL },
		{ NULL, DNS("pinned", ".example.com"), NULL, NULL,
		  ".ccpod.yml:3: wildcard '.example.com' needs dns: guarded, but dns is "
		  "pinned (.ccpod.yml:2)",
		  NULL },
		{ DNS("pinned", "a.example") "  trust_project: override\n",
		  S(".example.com"), NULL, NULL, ".ccpod.yml:1: wildcard", NULL },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void a_projects_wildcard_yields_to_the_operators_stance(void **state)
{
	static const struct merging cases[] = {
		{ DNS("pinned", "a.example"),
		  S("b.example, .c.example, \"*.d.example\", e.example"), NULL, NULL,
		  PINNED " +a.example (+b.example) (+e.example)",
		  ".ccpod.yml:1:31: the project's wildcard '.c.example' (and 1 more) is "
		  "left out: it needs dns: guarded, but dns is pinned (profile.yml:2)" },
		{ S("a.example"), S(".c.example"), NULL, "dns=resolvers",
		  "restricted" CLOSED " +a.example", "but dns is resolvers (flags)" },
		{ DNS("pinned", "a.example") "  policy: none\n", S(".c.example"), NULL,
		  NULL,
		  "none pinned inbound=closed gateway=closed +a.example (+.c.example)",
		  NULL },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void wildcards_where_anybody_can_have_a_name_are_warned_of(void **state)
{
	static const struct merging cases[] = {
		{ S("\"*.github.io\""), NULL, NULL, NULL, GUARDED " +*.github.io",
		  "profile.yml:1:20: wildcard '*.github.io': anybody can have a name "
		  "below github.io" },
		{ S(".com"), NULL, NULL, NULL, GUARDED " +.com",
		  "anybody can have a name below com" },
		{ S(".co.uk"), NULL, NULL, NULL, GUARDED " +.co.uk", "below co.uk" },
		{ S(".x.amazonaws.com"), NULL, NULL, NULL, GUARDED " +.x.amazonaws.com",
		  "below x.amazonaws.com" },
		{ S(".me.github.io, .internal, me.github.io, .example.com"), NULL, NULL,
		  NULL, GUARDED " +.me.github.io +.internal +me.github.io +.example.com",
		  NULL },
		{ "network: { deny: [.com], allow: [] }", NULL, NULL, NULL,
		  GUARDED " -.com", NULL },
		{ S(".github.io, .github.io"), NULL, NULL, NULL,
		  GUARDED " +.github.io =+.github.io", "below github.io" },
		{ "network: { policy: full, allow: [.com] }", NULL, NULL, NULL,
		  "full guarded inbound=open gateway=unset +.com", NULL },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void types_without_a_guard_are_warned_of(void **state)
{
	static const char types[] = "{ host: a.example, types: [mx] }, a.example";
	static const struct {
		const char *dns, *mode, *note;
	} cases[] = {
		{ "pinned", "restricted",
		  "profile.yml:1:53: 'a.example': 'types' does nothing: it is for dns: "
		  "guarded, but dns is pinned (profile.yml:1)" },
		{ "resolvers", "full", "'types' does nothing" },
		{ "guarded", "restricted", NULL },
		{ "guarded", "full", NULL },
		{ "pinned", "none", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[256];
		struct bench *bench;

		snprintf(text, sizeof(text),
			 "network: { dns: %s, policy: %s, allow: [%s] }", cases[i].dns,
			 cases[i].mode, types);
		bench = merged(text, NULL, NULL, NULL);
		assert_int_equal(bench->result, 0);
		assert_int_equal(bench->notes.errors, 0);
		assert_int_equal(bench->notes.count, cases[i].note ? 1 : 0);
		if (cases[i].note) {
			struct buf note = { 0 };

			assert_int_equal(bench->notes.v[0].level, NOTE_WARNING);
			note_print(&bench->notes.v[0], &note);
			if (!strstr(note.data, cases[i].note))
				fail_msg("%s", note.data);
			buf_release(&note);
		}
		done(bench);
	}
}

static void lists_the_names_to_resolve(void **state)
{
	struct bench *bench = merged(
		"network: { policy: restricted, allow: [b.example, a.example:1, "
		"b.example:2, 10.0.0.1, b.example, {host: c.example, private: true}] }",
		NULL, NULL, NULL);
	static const enum mode modes[] = { MODE_RESTRICTED, MODE_AUDIT, MODE_FULL,
					   MODE_NONE };
	static const size_t counts[] = { 3, 3, 1, 0 };
	const char *const *names;
	size_t count;

	(void)state;
	assert_int_equal(bench->result, 0);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		bench->policy.mode = modes[i];
		assert_int_equal(policy_names(&bench->policy, bench->arena, &names,
					      &count, &bench->err),
				 0);
		assert_int_equal(count, counts[i]);
	}
	bench->policy.mode = MODE_RESTRICTED;
	assert_int_equal(
		policy_names(&bench->policy, bench->arena, &names, &count, &bench->err),
		0);
	assert_string_equal(names[0], "a.example");
	assert_string_equal(names[1], "b.example");
	assert_string_equal(names[2], "c.example");
	done(bench);
}

static void of_learned_names_the_required_are_resolved(void **state)
{
	struct bench *bench = merged(
		"network: { dns: guarded, allow: [b.example, .c.example, {host: a.example, "
		"required: true}, {host: d.example, private: true}] }",
		NULL, NULL, NULL);
	static const enum mode modes[] = { MODE_RESTRICTED, MODE_AUDIT, MODE_FULL,
					   MODE_NONE };
	const char *const *names;
	size_t count;

	(void)state;
	assert_int_equal(bench->result, 0);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		bench->policy.mode = modes[i];
		assert_int_equal(policy_names(&bench->policy, bench->arena, &names,
					      &count, &bench->err),
				 0);
		assert_int_equal(count, modes[i] == MODE_NONE ? 0 : 1);
		assert_true(count == 0 || strcmp(names[0], "a.example") == 0);
		assert_int_equal(policy_needs_guard(&bench->policy),
				 modes[i] != MODE_NONE);
	}
	done(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repetitions_are_folded),
		cmocka_unit_test(counts_what_the_project_added),
		cmocka_unit_test(what_needs_the_guard_chooses_it),
		cmocka_unit_test(another_stance_beside_it_is_refused),
		cmocka_unit_test(a_projects_wildcard_yields_to_the_operators_stance),
		cmocka_unit_test(wildcards_where_anybody_can_have_a_name_are_warned_of),
		cmocka_unit_test(types_without_a_guard_are_warned_of),
		cmocka_unit_test(lists_the_names_to_resolve),
		cmocka_unit_test(of_learned_names_the_required_are_resolved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
