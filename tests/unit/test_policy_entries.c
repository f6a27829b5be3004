#include "tests/unit/policy_bench.h"

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

static void what_needs_the_guard_is_refused(void **state)
{
	static const struct merging cases[] = {
		{ S("\"*.example.com\", .example.org"), NULL, NULL, NULL,
		  "profile.yml:1: wildcard '*.example.com' needs dns: guarded, with it "
		  "the guard, which "
		  "this version does not have; list the names themselves (and 1 more)",
		  NULL },
		{ S(".example.com"), NULL, NULL, "dns=pinned",
		  "wildcard '.example.com' needs dns: guarded, but dns is pinned (flags)",
		  NULL },
		{ S("a.example"), S(".example.com"), NULL, NULL, ".ccpod.yml:1: wildcard",
		  NULL },
		{ "network: { deny: [a.example], allow: [] }", NULL, NULL, NULL,
		  "profile.yml:1: deny of a name ('a.example') filters DNS and needs "
		  "dns: guarded",
		  NULL },
		{ "network: { deny: [preset: github] }", NULL, NULL, NULL,
		  "deny of a name", NULL },
	};

	(void)state;
	CHECK_ALL(cases);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repetitions_are_folded),
		cmocka_unit_test(counts_what_the_project_added),
		cmocka_unit_test(what_needs_the_guard_is_refused),
		cmocka_unit_test(lists_the_names_to_resolve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
