#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "entrypoint/guard_state.h"

/* A guard, and a process that stands for its forwarder; what the guard hears is said here. */
struct pair {
	struct guard guard;
	int forwarder;
	pid_t pid;
};

static int open_pair(void **state)
{
	static struct pair pair;
	int fds[2];

	pair = (struct pair){ 0 };
	assert_int_equal(socketpair(AF_UNIX,
				    SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
				    fds),
			 0);
	pair.pid = fork();
	if (pair.pid == 0) {
		pause();
		_exit(0);
	}
	pair.guard.worker = (struct worker){ .pid = pair.pid, .fd = fds[0] };
	/* The next one is not started at once, so not here. */
	pair.guard.worker_started = clock_steady_ms();
	pair.guard.failures = 1;
	pair.forwarder = fds[1];
	*state = &pair;
	return 0;
}

static int close_pair(void **state)
{
	struct pair *pair = *state;

	worker_kill(&pair->guard.worker);
	close(pair->forwarder);
	return waitpid(pair->pid, NULL, 0) == pair->pid ? 0 : -1;
}

static bool say(const struct pair *pair, enum message_type type)
{
	const struct message message = { .type = type };
	uint8_t bytes[MESSAGE_BYTES];
	size_t length = message_encode(&message, bytes);

	return send(pair->forwarder, bytes, length, MSG_DONTWAIT) == (ssize_t)length;
}

/* One that never stops talking leaves time for everything else. */
static void hears_so_much_in_a_turn(void **state)
{
	struct pair *pair = *state;
	unsigned said = 0, left = 0;
	char byte;

	while (said < 200 && say(pair, MESSAGE_READY))
		said++;
	assert_int_equal(said, 200);
	guard_forward_read(&pair->guard);
	assert_true(pair->guard.worker_ready);
	while (recv(pair->guard.worker.fd, &byte, 1, MSG_DONTWAIT) > 0)
		left++;
	assert_in_range(left, 100, 199);
}

static void gives_up_who_answers_nothing(void **state)
{
	struct pair *pair = *state;

	for (int i = 0; i < 10; i++)
		guard_forward_tick(&pair->guard);
	assert_int_equal(pair->guard.worker.pid, pair->pid);
	assert_true(say(pair, MESSAGE_READY));
	assert_true(say(pair, MESSAGE_ALIVE));
	guard_forward_read(&pair->guard);
	for (int i = 0; i < 10; i++)
		guard_forward_tick(&pair->guard);
	assert_int_equal(pair->guard.worker.pid, pair->pid);
	guard_forward_tick(&pair->guard);
	assert_int_equal(pair->guard.worker.pid, 0);
	assert_int_not_equal(pair->guard.restart_at, 0);
}

static void gives_up_who_never_gets_ready(void **state)
{
	struct pair *pair = *state;

	for (int i = 0; i < 10; i++) {
		guard_forward_tick(&pair->guard);
		assert_true(say(pair, MESSAGE_ALIVE));
		guard_forward_read(&pair->guard);
	}
	assert_int_equal(pair->guard.worker.pid, pair->pid);
	guard_forward_tick(&pair->guard);
	assert_int_equal(pair->guard.worker.pid, 0);
}

/* However long we did not run ourselves: a container can be paused, and a reload can take long. */
static void time_alone_is_no_silence(void **state)
{
	struct pair *pair = *state;

	pair->guard.worker_started = clock_steady_ms() - 3600 * 1000;
	guard_forward_tick(&pair->guard);
	assert_int_equal(pair->guard.worker.pid, pair->pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hears_so_much_in_a_turn, open_pair,
						close_pair),
		cmocka_unit_test_setup_teardown(gives_up_who_answers_nothing, open_pair,
						close_pair),
		cmocka_unit_test_setup_teardown(gives_up_who_never_gets_ready, open_pair,
						close_pair),
		cmocka_unit_test_setup_teardown(time_alone_is_no_silence, open_pair,
						close_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
