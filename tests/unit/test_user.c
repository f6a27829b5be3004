#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "entrypoint/user.h"

static const char passwd_text[] = "root:x:0:0:root:/root:/bin/bash\n"
				  "daemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"
				  "agent:x:1000:1000:,,,:/home/agent:/bin/zsh\n"
				  "node:x:1001:1001::/home/node:\n"
				  "toor:x:0:0::/root:/bin/sh\n"
				  "wrap:x:4294967296:4294967296::/:/bin/sh\n"
				  "nobody:x:4294967295:4294967295::/:/bin/sh\n"
				  "broken line\n"
				  "none::1005:1005::\n";

static const char group_text[] = "root:x:0:agent\n"
				 "agent:x:1000:\n"
				 "docker:x:998:node,agent\n"
				 "users:x:100:agentx,xagent\n"
				 "again:x:1000:agent\n"
				 "nogroup:x:4294967295:agent\n"
				 "staff:x:50:agent\n";

struct fixture {
	char etc[32];
	struct arena *arena;
	struct user user;
	struct error err;
};

static void write_file(const char *directory, const char *name, const char *text)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void remove_file(const char *directory, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	unlink(path);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->etc, "/tmp/netpale-user-XXXXXX");
	assert_non_null(mkdtemp(f->etc));
	write_file(f->etc, "passwd", passwd_text);
	write_file(f->etc, "group", group_text);
	f->arena = arena_new(0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	remove_file(f->etc, "passwd");
	remove_file(f->etc, "group");
	rmdir(f->etc);
	arena_free(f->arena);
	free(f);
	return 0;
}

static void look_up(struct fixture *f, const char *spec)
{
	memset(&f->user, 0, sizeof(f->user));
	if (user_lookup_in(f->etc, spec, false, f->arena, &f->user, &f->err) < 0)
		fail_msg("'%s': %s", spec, f->err.text);
}

static void finds_by_name_and_by_number(void **state)
{
	static const char *const specs[] = { "agent", "1000" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		look_up(f, specs[i]);
		assert_int_equal(f->user.uid, 1000);
		assert_int_equal(f->user.gid, 1000);
		assert_string_equal(f->user.name, "agent");
		assert_string_equal(f->user.home, "/home/agent");
		assert_string_equal(f->user.shell, "/bin/zsh");
		assert_int_equal(f->user.group_count, 3);
		assert_int_equal(f->user.groups[0], 0);
		assert_int_equal(f->user.groups[1], 998);
		assert_int_equal(f->user.groups[2], 50);
	}
}

static void a_group_replaces_all_groups(void **state)
{
	static const struct {
		const char *spec;
		gid_t gid;
	} cases[] = {
		{ "agent:docker", 998 }, { "1000:998", 998 }, { "agent:7777", 7777 },
		{ "7:staff", 50 },       { "agent:0", 0 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		look_up(f, cases[i].spec);
		assert_int_equal(f->user.gid, cases[i].gid);
		assert_int_equal(f->user.group_count, 0);
	}
}

static void a_number_needs_no_entry(void **state)
{
	struct fixture *f = *state;

	look_up(f, "4294967294");
	assert_int_equal(f->user.uid, 4294967294);
	assert_int_equal(f->user.gid, 4294967294);
	assert_null(f->user.name);
	assert_string_equal(f->user.home, "/");
	assert_string_equal(f->user.shell, "/bin/sh");
	assert_int_equal(f->user.group_count, 0);
}

static void empty_fields_have_defaults(void **state)
{
	struct fixture *f = *state;

	look_up(f, "node");
	assert_string_equal(f->user.shell, "/bin/sh");
}

static void works_without_files(void **state)
{
	struct fixture *f = *state;

	remove_file(f->etc, "passwd");
	remove_file(f->etc, "group");
	look_up(f, "1000:1000");
	assert_int_equal(f->user.uid, 1000);
	assert_int_equal(
		user_lookup_in(f->etc, "agent", false, f->arena, &f->user, &f->err), -1);
}

static void refuses_what_is_nobody(void **state)
{
	static const char *const specs[] = {
		"",
		":",
		"agent:",
		":agent",
		"nobody",
		"4294967295",
		"4294967296",
		"4294968296",
		"18446744073709552616",
		"-1",
		"+1000",
		" 1000",
		"1000 ",
		"0x3e8",
		"1e3",
		"agent:nogroup",
		"agent:4294967295",
		"agent:x:y",
		"wrap",
		"Agent",
		"agen",
		"agentx",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		if (user_lookup_in(f->etc, specs[i], true, f->arena, &f->user, &f->err) ==
		    0)
			fail_msg("'%s' became uid %u gid %u", specs[i], f->user.uid,
				 f->user.gid);
		assert_int_equal(f->err.kind, ERROR_USAGE);
	}
}

static void root_must_be_asked_for(void **state)
{
	static const char *const specs[] = { "0", "root", "toor", "00", "0:1000" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		assert_int_equal(user_lookup_in(f->etc, specs[i], false, f->arena,
						&f->user, &f->err),
				 -1);
		assert_int_equal(f->err.kind, ERROR_USAGE);
		assert_int_equal(user_lookup_in(f->etc, specs[i], true, f->arena,
						&f->user, &f->err),
				 0);
		assert_int_equal(f->user.uid, 0);
	}
}

static void names_the_users_there_are(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		user_lookup_in(f->etc, "nod\n", false, f->arena, &f->user, &f->err), -1);
	assert_string_equal(
		f->err.text,
		"no user 'nod\\x0a' in this container; there is: agent, node, none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds_by_name_and_by_number, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_group_replaces_all_groups, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_number_needs_no_entry, setup, teardown),
		cmocka_unit_test_setup_teardown(empty_fields_have_defaults, setup,
						teardown),
		cmocka_unit_test_setup_teardown(works_without_files, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_what_is_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(root_must_be_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(names_the_users_there_are, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
