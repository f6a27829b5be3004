#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "entrypoint/worker.h"

/* Both sides of the pair in one process: the guard's in `guard`, the worker's at WORKER_FD. */
static struct worker guard;

static int set_up(void **state)
{
	int pair[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) <
	    0)
		return -1;
	if (pair[0] == WORKER_FD)
		pair[0] = dup(pair[0]);
	if (pair[1] != WORKER_FD) {
		dup2(pair[1], WORKER_FD);
		close(pair[1]);
	}
	guard = (struct worker){ .fd = pair[0] };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	while (worker_flush() > 0)
		;
	close(guard.fd);
	close(WORKER_FD);
	return 0;
}

static int descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void test_messages_go_both_ways(void **state)
{
	struct message ask = {
		.type = MESSAGE_ASK, .number = 7, .qtype = 1, .host = "a.example"
	};
	struct message verdict = { .type = MESSAGE_VERDICT, .number = 7 };
	struct message got;
	struct error err;

	(void)state;
	assert_int_equal(worker_receive(&guard, &got, &err), 0);
	assert_int_equal(worker_tell(&ask), 0);
	assert_int_equal(worker_receive(&guard, &got, &err), 0);
	ask.number = 8;
	assert_int_equal(worker_tell(&ask), 0);
	assert_int_equal(worker_flush(), 0);
	assert_int_equal(worker_receive(&guard, &got, &err), 1);
	assert_int_equal(got.number, 7);
	assert_string_equal(got.host, "a.example");
	assert_int_equal(worker_receive(&guard, &got, &err), 1);
	assert_int_equal(got.number, 8);
	assert_int_equal(worker_send(&guard, &verdict, NULL, 0), 0);
	assert_int_equal(worker_take(&got, NULL, 0, NULL, &err), 1);
	assert_int_equal(got.type, MESSAGE_VERDICT);
	assert_int_equal(worker_take(&got, NULL, 0, NULL, &err), 0);
}

static void test_nobody_waits_for_who_does_not_read(void **state)
{
	struct message ask = { .type = MESSAGE_ASK, .qtype = 1, .host = "a.example" };
	struct message ping = { .type = MESSAGE_PING };
	uint32_t told = 0, heard = 0;
	struct message got;
	struct error err;
	int result;

	(void)state;
	for (int i = 0; worker_send(&guard, &ping, NULL, 0) == 0; i++)
		assert_true(i < 100000);
	assert_int_equal(worker_send(&guard, &ping, NULL, 0), 1);
	do {
		ask.number = told;
		result = worker_tell(&ask);
		told += result == 0;
	} while (result == 0);
	assert_int_equal(result, 1);
	assert_int_equal(worker_flush(), 1);
	/* Nothing that was told is lost, and all is in order. */
	while (heard < told) {
		while (worker_receive(&guard, &got, &err) == 1)
			assert_int_equal(got.number, heard++);
		assert_true(worker_flush() >= 0);
	}
	assert_int_equal(worker_flush(), 0);
}

static void test_the_guard_posts_and_keeps_nothing(void **state)
{
	struct message verdict = { .type = MESSAGE_VERDICT };
	struct message got;
	struct error err;
	uint32_t lost = 0, heard = 0;

	(void)state;
	for (verdict.number = 0; verdict.number < 100; verdict.number++)
		assert_int_equal(worker_post(&guard, &verdict), 0);
	assert_int_equal(worker_deliver(&guard), 0);
	for (; worker_take(&got, NULL, 0, NULL, &err) == 1; heard++)
		assert_int_equal(got.number, heard);
	assert_int_equal(heard, 100);
	/* Until it is full, and further. */
	while (!lost && verdict.number < 100000) {
		lost = worker_post(&guard, &verdict) == 1;
		verdict.number++;
	}
	assert_true(lost);
	(void)!worker_deliver(&guard);
	while (worker_take(&got, NULL, 0, NULL, &err) == 1)
		assert_true(got.number < verdict.number);
	/* What was lost does not come later. */
	assert_int_equal(worker_deliver(&guard), 0);
	assert_int_equal(worker_take(&got, NULL, 0, NULL, &err), 0);
}

static void test_descriptors_come_with_a_message(void **state)
{
	struct message serve = { .type = MESSAGE_SERVE };
	int fds[253], got_fds[253], before = descriptors();
	struct message got;
	struct error err;
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < 253; i++)
		fds[i] = STDERR_FILENO;
	assert_int_equal(worker_send(&guard, &serve, fds, 253), 0);
	assert_int_equal(worker_take(&got, got_fds, 253, &count, &err), 1);
	assert_int_equal(count, 253);
	for (size_t i = 0; i < count; i++) {
		assert_true(fcntl(got_fds[i], F_GETFD) & FD_CLOEXEC);
		close(got_fds[i]);
	}
	assert_int_equal(worker_send(&guard, &serve, fds, 5), 0);
	assert_int_equal(worker_take(&got, got_fds, 4, &count, &err), -1);
	assert_int_equal(err.kind, ERROR_POLICY);
	assert_int_equal(worker_send(&guard, &serve, fds, 1), 0);
	assert_int_equal(worker_take(&got, NULL, 0, NULL, &err), -1);
	assert_int_equal(worker_send(&guard, &serve, fds, 254), -1);
	assert_int_equal(descriptors(), before);
}

/* What a worker that fell into other hands may try. */
static void send_raw(const void *bytes, size_t length, int fd)
{
	struct iovec part = { (void *)(uintptr_t)bytes, length };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS,
				  .cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		header.msg_control = &control;
		header.msg_controllen = sizeof(control);
	}
	assert_int_equal(sendmsg(WORKER_FD, &header, 0), length);
}

static void test_a_hostile_worker_is_gone(void **state)
{
	static const char long_message[MESSAGE_BYTES + 1] = { MESSAGE_READY };
	int before = descriptors();
	struct message got;
	struct error err;

	(void)state;
	send_raw("\2", 1, STDERR_FILENO); /* READY */
	assert_int_equal(worker_receive(&guard, &got, &err), -1);
	assert_int_equal(err.kind, ERROR_POLICY);
	send_raw("\2", 1, -1);
	assert_int_equal(worker_receive(&guard, &got, &err), 1);
	send_raw(long_message, sizeof(long_message), -1);
	assert_int_equal(worker_receive(&guard, &got, &err), -1);
	assert_int_equal(err.kind, ERROR_POLICY);
	send_raw("nonsense", 8, -1);
	assert_int_equal(worker_receive(&guard, &got, &err), -1);
	assert_int_equal(err.kind, ERROR_POLICY);
	send_raw("", 0, -1);
	assert_int_equal(worker_receive(&guard, &got, &err), -1);
	assert_int_equal(descriptors(), before);
}

static void test_an_end_is_seen_from_both_sides(void **state)
{
	struct message ping = { .type = MESSAGE_PING };
	struct message got;
	struct error err;

	(void)state;
	close(WORKER_FD);
	assert_int_equal(worker_send(&guard, &ping, NULL, 0), -1);
	assert_int_equal(worker_receive(&guard, &got, &err), -1);
	close(guard.fd);
	set_up(NULL);
	close(guard.fd);
	assert_int_equal(worker_take(&got, NULL, 0, NULL, &err), -1);
	assert_int_equal(worker_tell(&ping), 0);
	assert_int_equal(worker_flush(), -1);
}

/* The status of a child that does it. */
static int in_child(int (*act)(struct error *err))
{
	struct error err = { 0 };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGSYS, SIG_DFL);
		_exit(act(&err) < 0 ? (int)err.kind : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int confine(struct error *err)
{
	static const int calls[] = { SCMP_SYS(getppid) };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return worker_confine(calls, 1, err);
}

static int confine_then_named(struct error *err)
{
	int result = confine(err);

	getppid();
	return result;
}

static int confine_then_socket(struct error *err)
{
	int result = confine(err);

	socket(AF_INET, SOCK_DGRAM, 0);
	return result;
}

static int confine_then_open(struct error *err)
{
	int result = confine(err);

	open("/dev/null", O_RDONLY);
	return result;
}

static void test_the_filter_lets_through_what_is_named(void **state)
{
	(void)state;
	assert_int_equal(in_child(confine_then_named), 0);
	assert_int_equal(WTERMSIG(in_child(confine_then_socket)), SIGSYS);
	assert_int_equal(WTERMSIG(in_child(confine_then_open)), SIGSYS);
}

/* Not started by worker_start(), something is always left. */
static void test_whoever_kept_something_does_not_settle(void **state)
{
	(void)state;
	assert_int_equal(WEXITSTATUS(in_child(worker_settle)), ERROR_PROOF);
}

static void test_a_start_that_fails_says_why(void **state)
{
	int before = descriptors();
	struct worker worker;
	struct error err;
	int program;

	(void)state;
	if (getuid() != 0)
		skip();
	program = open("/dev/null", O_PATH | O_CLOEXEC);
	assert_int_equal(worker_start_from(program, "w", NULL, &worker, &err), -1);
	assert_int_equal(err.kind, ERROR_NOT_EXECUTABLE);
	assert_non_null(strstr(err.text, "w: netpale must be executable"));
	close(program);
	assert_int_equal(waitpid(-1, NULL, 0) > 0, 1);
	assert_int_equal(descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_messages_go_both_ways, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_waits_for_who_does_not_read,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_guard_posts_and_keeps_nothing,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_descriptors_come_with_a_message,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_hostile_worker_is_gone, set_up,
						tear_down),
		cmocka_unit_test(test_the_filter_lets_through_what_is_named),
		cmocka_unit_test(test_whoever_kept_something_does_not_settle),
		cmocka_unit_test(test_a_start_that_fails_says_why),
		/* Last: what was told is never heard. */
		cmocka_unit_test_setup(test_an_end_is_seen_from_both_sides, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
