#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "entrypoint/options.h"

static const struct verb verbs[] = {
	{ .name = "run",
	  .operands = "COMMAND",
	  .min_operands = 1,
	  .max_operands = -1,
	  .groups = GROUP_POLICY | GROUP_NAMES | GROUP_AGENT | GROUP_SAY | GROUP_JSON },
	{ .name = "explain",
	  .operands = "DESTINATION",
	  .min_operands = 1,
	  .max_operands = 1,
	  .groups = GROUP_POLICY | GROUP_JSON },
	{ .name = "version" },
	{ 0 },
};

static int read_words(const char **argv, const char **environment,
		      struct options *options, struct error *err)
{
	static const char *none[] = { NULL };
	int argc = 0;

	while (argv[argc])
		argc++;
	*err = (struct error){ 0 };
	return options_read(argc, (char **)argv,
			    (char **)(environment ? environment : none), verbs, options,
			    err);
}

static void a_command_keeps_its_own_options(void **state)
{
	const char *argv[] = { "netpale", "run", "--policy", "none", "-u",
			       "7",       "--",  "ls",       "-q",   NULL };
	struct options options;
	struct error err;

	(void)state;
	assert_int_equal(read_words(argv, NULL, &options, &err), 0);
	assert_string_equal(options.flags.policy, "none");
	assert_string_equal(options.any.user, "7");
	assert_int_equal(options.operand_count, 2);
	assert_string_equal(options.operands[1], "-q");
	assert_false(options.any.quiet);
	options_release(&options);
}

static void the_command_ends_the_options_without_a_mark(void **state)
{
	const char *argv[] = { "netpale", "run", "ls", "--policy", "full", NULL };
	struct options options;
	struct error err;

	(void)state;
	assert_int_equal(read_words(argv, NULL, &options, &err), 0);
	assert_null(options.any.policy);
	assert_int_equal(options.operand_count, 3);
	options_release(&options);
}

static void every_option_has_a_variable_and_a_flag_wins(void **state)
{
	const char *argv[] = { "netpale", "run", "--dns", "pinned",
			       "--allow", "b",   "x",     NULL };
	const char *environment[] = { "NETPALE_DNS=resolvers",
				      "NETPALE_TRUST_PROJECT=tighten",
				      "NETPALE_ALLOW=a",
				      "NETPALE_ALLOW_ROOT=1",
				      "NETPALE_QUIET=0",
				      "NETPALE_RESOLVE_TIMEOUT=9",
				      "NETPALE=/elsewhere",
				      "PATH=/bin",
				      NULL };
	struct options options;
	struct error err;

	(void)state;
	assert_int_equal(read_words(argv, environment, &options, &err), 0);
	assert_string_equal(options.any.dns, "pinned");
	assert_string_equal(options.environment.dns, "resolvers");
	assert_string_equal(options.any.trust_project, "tighten");
	assert_int_equal(options.environment.allow.count, 1);
	assert_int_equal(options.flags.allow.count, 1);
	assert_true(options.any.allow_root);
	assert_false(options.any.quiet);
	assert_int_equal(options.resolve_timeout, 9);
	options_release(&options);
}

static void whatever_is_not_understood_is_an_error(void **state)
{
	static const struct {
		const char *words[4], *variable, *reason;
	} cases[] = {
		{ { "fence" }, NULL, "'fence' is no verb; see 'netpale --help'" },
		{ { "rnu" }, NULL, "'rnu' is no verb; did you mean 'run'?" },
		{ { "run" }, NULL, "needs COMMAND" },
		{ { "run", "--polcy", "x" },
		  NULL,
		  "'--polcy' is no option of 'netpale run'; did you mean '--policy'?" },
		{ { "run", "--polcy=x" }, NULL, "did you mean '--policy'?" },
		{ { "run", "--open", "x" }, NULL, "see 'netpale run --help'" },
		{ { "explain", "-u" }, NULL, "'-u' is no option" },
		{ { "run", "-qzv", "x" }, NULL, "'-z' is no option" },
		{ { "run", "--quiet=1", "x" },
		  NULL,
		  "option '--quiet=1' takes no value" },
		{ { "run", "--policy" }, NULL, "'--policy' needs a value" },
		{ { "run", "-qu" }, NULL, "'-u' needs a value" },
		{ { "explain", "a", "b" }, NULL, "does not take 'b'" },
		{ { "version", "x" }, NULL, "does not take 'x'" },
		{ { "run", "x" },
		  "NETPALE_ALOW=a",
		  "NETPALE_ALOW: there is no such variable; did you mean 'NETPALE_ALLOW'?" },
		{ { "run", "x" },
		  "NETPALE_ALLOW_ROOT=maybe",
		  "NETPALE_ALLOW_ROOT: expected 1, true, 0 or false, not 'maybe'" },
		{ { "run", "x" },
		  "NETPALE_RESOLVE_TIMEOUT=0",
		  "--resolve-timeout: expected 1-600 seconds" },
		{ { "run", "x" },
		  "NETPALE_RESOLVE_TIMEOUT=5s",
		  "--resolve-timeout: expected 1-600 seconds" },
		{ { "run", "--resolve-timeout=-1", "x" },
		  NULL,
		  "--resolve-timeout: expected 1-600 seconds" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *argv[8] = { "netpale" };
		const char *environment[2] = { cases[i].variable, NULL };
		struct options options;
		struct error err;

		for (size_t j = 0; j < 4; j++)
			argv[j + 1] = cases[i].words[j];
		assert_int_equal(read_words(argv, environment, &options, &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
		if (!strstr(err.text, cases[i].reason))
			fail_msg("case %zu: %s", i, err.text);
		options_release(&options);
	}
}

static void an_option_may_stand_behind_what_is_no_command(void **state)
{
	const char *argv[] = { "netpale", "explain", "a", "--json", NULL };
	struct options options;
	struct error err;

	(void)state;
	assert_int_equal(read_words(argv, NULL, &options, &err), 0);
	assert_true(options.any.json);
	assert_int_equal(options.operand_count, 1);
	assert_string_equal(options.operands[0], "a");
	options_release(&options);
}

/* How a fault is told must not depend on where it stands. */
static void a_fault_hides_not_how_it_is_to_be_told(void **state)
{
	static const struct {
		const char *words[5], *variable;
		bool json;
	} cases[] = {
		{ { "run", "--json", "--polcy", "x" }, NULL, true },
		{ { "run", "--polcy", "--json", "x" }, NULL, true },
		{ { "run", "-z", "--dns", "x", "--json" }, NULL, true },
		{ { "run", "--polcy", "x", "--json" }, NULL, false }, /* the command's */
		{ { "run", "--polcy", "--", "--json" }, NULL, false },
		{ { "run", "--polcy", "x" }, "NETPALE_JSON=1", true },
		{ { "run", "--polcy", "x" }, "NETPALE_JSON=0", false },
		{ { "run" }, "NETPALE_JSON=1", true },
		{ { "no-verb" }, "NETPALE_JSON=1", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *argv[8] = { "netpale" };
		const char *environment[] = { "NETPALE_ALOW=x", cases[i].variable, NULL };
		struct options options;
		struct error err;

		memcpy(argv + 1, cases[i].words, sizeof(cases[i].words));
		assert_int_equal(read_words(argv, environment, &options, &err), -1);
		if ((options.flags.json || options.environment.json) != cases[i].json)
			fail_msg("case %zu", i);
		options_release(&options);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_keeps_its_own_options),
		cmocka_unit_test(the_command_ends_the_options_without_a_mark),
		cmocka_unit_test(every_option_has_a_variable_and_a_flag_wins),
		cmocka_unit_test(whatever_is_not_understood_is_an_error),
		cmocka_unit_test(an_option_may_stand_behind_what_is_no_command),
		cmocka_unit_test(a_fault_hides_not_how_it_is_to_be_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
