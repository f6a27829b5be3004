#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "entrypoint/capabilities.h"
#include "entrypoint/privileges.h"
#include "entrypoint/proof.h"
#include "entrypoint/seccomp.h"

/* Each case runs as root in a process of its own, and leaves out one thing of the drop: the
 * proof must see that. What it said comes back through a pipe. */

static const gid_t groups[] = { 54322, 54323 };
static const struct user user = {
	.uid = 54321, .gid = 54321, .groups = groups, .group_count = 2
};

enum step {
	BOUNDING,
	SECUREBITS,
	GROUPS,
	GID,
	UID,
	SAVED_UID,
	CAPABILITIES,
	NNP,
	SECCOMP,
	NONE
};

static void foreign_filter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	seccomp_load(filter);
	seccomp_release(filter);
}

static int lose_all_but(int left, struct error *err)
{
	const struct proof proof = { .user = &user, .locked = true, .confined = true };
	bool ok = true;

	if (left != BOUNDING)
		ok &= capabilities_bound(0) == 0;
	if (left != SECUREBITS)
		ok &= prctl(PR_SET_SECUREBITS, CAPABILITIES_SECUREBITS, 0, 0, 0) == 0;
	if (left != GROUPS)
		ok &= setgroups(ARRAY_SIZE(groups), groups) == 0;
	if (left != GID)
		ok &= setresgid(user.gid, user.gid, user.gid) == 0;
	if (left != UID)
		ok &= setresuid(user.uid, user.uid, left == SAVED_UID ? 0 : user.uid) ==
		      0;
	if (left != CAPABILITIES)
		ok &= capabilities_clear() == 0;
	if (left != NNP)
		ok &= prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
	if (left == SECCOMP)
		foreign_filter();
	else if (left != NNP)
		ok &= seccomp_confine(err) == 0;
	if (!ok)
		return error_set(err, ERROR_KERNEL, "the drop itself failed");
	return proof_of_loss(&proof, err);
}

/* setresuid() signals every thread and so ends a pause(). */
static void *stay(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static int leave_a_thread(int unused, struct error *err)
{
	pthread_t thread;

	(void)unused;
	pthread_create(&thread, NULL, stay, NULL);
	return lose_all_but(NONE, err);
}

static int drop_for_sudo(int sudo, struct error *err)
{
	const struct drop drop = { .user = &user, .sudo = sudo };

	return privileges_drop(&drop, err);
}

static int try_tables(int namespace, struct error *err)
{
	if (namespace && unshare(CLONE_NEWNET) < 0)
		return error_set(err, ERROR_KERNEL, "no namespace");
	if (!namespace && capabilities_clear() < 0)
		return -1;
	return proof_of_closed_tables(err);
}

/* `expected` is how the error begins; "" is success. */
static void in_child(int (*go)(int argument, struct error *err), int argument,
		     const char *expected)
{
	struct error err = { .kind = ERROR_NONE };
	int report[2], status;
	pid_t child;

	assert_int_equal(pipe(report), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		/* The one place that the drop leaves open. */
		dup2(report[1], STDIN_FILENO);
		if (go(argument, &err) == 0)
			err.kind = ERROR_NONE;
		(void)!write(STDIN_FILENO, &err, sizeof(err));
		_exit(0);
	}
	close(report[1]);
	assert_int_equal(read(report[0], &err, sizeof(err)), sizeof(err));
	close(report[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (strncmp(err.text, expected, strlen(expected)) != 0 ||
	    (*expected == '\0' && *err.text))
		fail_msg("'%s' instead of '%s'", err.text, expected);
	assert_int_equal(err.kind, *expected ? ERROR_PROOF : ERROR_NONE);
}

static void whatever_is_left_is_seen(void **state)
{
	static const struct {
		enum step left;
		const char *expected;
	} cases[] = {
		{ NONE, "" },
		{ BOUNDING, "capabilities are left (bounding: " },
		{ SECUREBITS, "securebits are not locked" },
		{ GROUPS, "the supplementary groups are not the user's" },
		{ GID, "the ids are not those of uid 54321, gid 54321" },
		{ UID, "the ids are not those of uid 54321, gid 54321" },
		{ SAVED_UID, "the ids are not those of uid 54321, gid 54321" },
		{ CAPABILITIES, "capabilities are left (effective: " },
		{ NNP, "no_new_privs is not set" },
		{ SECCOMP, "packet sockets are not refused by seccomp" },
	};

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		in_child(lose_all_but, (int)cases[i].left, cases[i].expected);
}

static void a_thread_is_seen(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	in_child(leave_a_thread, 0, "another thread is running");
}

static void the_drop_is_proven(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	in_child(drop_for_sudo, false, "");
	in_child(drop_for_sudo, true, "");
}

static void an_open_ruleset_is_seen(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	in_child(try_tables, true, "nftables can still be changed");
	in_child(try_tables, false, "");
}

static void an_open_address_is_seen(void **state)
{
	struct error err = { 0 };
	struct addr addr;

	(void)state;
	assert_true(addr_parse("127.0.0.1", 9, &addr));
	assert_int_equal(privileges_prove_closed(&addr, NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_PROOF);
	assert_string_equal(err.text, "the fence let a packet to 127.0.0.1 pass");
	assert_int_equal(privileges_prove_closed(NULL, &addr, &err), -1);
	assert_int_equal(privileges_prove_closed(NULL, NULL, &err), 0);
}

static void what_is_missing_has_a_cure(void **state)
{
	struct error err = { 0 };

	(void)state;
	if (geteuid() == 0)
		skip();
	assert_int_equal(privileges_require(PRIVILEGES_FENCE | PRIVILEGES_DROP, &err),
			 -1);
	assert_int_equal(err.kind, ERROR_PRIVILEGE);
	assert_non_null(strstr(err.text, "remove USER from the image"));
	assert_int_equal(privileges_require(PRIVILEGES_DROP, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_is_left_is_seen),
		cmocka_unit_test(a_thread_is_seen),
		cmocka_unit_test(the_drop_is_proven),
		cmocka_unit_test(an_open_ruleset_is_seen),
		cmocka_unit_test(an_open_address_is_seen),
		cmocka_unit_test(what_is_missing_has_a_cure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
