#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "entrypoint/asker.h"

/* A socket on loopback with a port of its own. */
static int open_socket(int family, uint16_t *ret_port)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} name = { .any.sa_family = (sa_family_t)family };
	socklen_t size = sizeof(name);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (family == AF_INET)
		name.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, &name.any, family == AF_INET ? sizeof(name.in) : size),
			 0);
	assert_int_equal(getsockname(fd, &name.any, &size), 0);
	*ret_port = ntohs(name.in.sin_port);
	return fd;
}

static void connect_to(int fd, uint16_t port)
{
	const struct sockaddr_in name = { .sin_family = AF_INET,
					  .sin_port = htons(port),
					  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	assert_int_equal(connect(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
}

static struct user self(void)
{
	return (struct user){ .uid = geteuid(), .gid = getegid() };
}

static struct asker find(uint16_t port, pid_t *last)
{
	const struct user user = self();
	struct asker asker;

	asker_find(port, false, &user, last, &asker);
	return asker;
}

static void whoever_has_the_socket_asks(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };
	uint16_t port;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int fd = open_socket(families[i], &port);
		pid_t last = 0;
		struct asker asker = find(port, &last);

		assert_true(asker.has_uid);
		assert_int_equal(asker.uid, geteuid());
		assert_string_equal(asker.program, "test_asker");
		assert_int_equal(last, getpid());
		close(fd);
	}
}

static void it_asks_a_dns_server_or_is_not_connected(void **state)
{
	pid_t last = 0;
	uint16_t port;
	int fd = open_socket(AF_INET, &port);

	(void)state;
	connect_to(fd, 53);
	assert_string_equal(find(port, &last).program, "test_asker");
	connect_to(fd, 54);
	assert_false(find(port, &last).has_uid);
	close(fd);
}

static void without_a_socket_nobody_is_known(void **state)
{
	pid_t last = getpid();
	uint16_t port;
	struct asker asker;

	(void)state;
	close(open_socket(AF_INET, &port));
	asker = find(port, &last);
	assert_false(asker.has_uid);
	assert_string_equal(asker.program, "");
}

static void without_an_agent_the_user_alone_is(void **state)
{
	const struct user another = { .uid = geteuid() + 1, .gid = getegid() };
	pid_t last = 0;
	uint16_t port;
	int fd = open_socket(AF_INET, &port);
	struct asker asker;

	(void)state;
	asker_find(port, false, NULL, &last, &asker);
	assert_true(asker.has_uid);
	assert_int_equal(asker.uid, geteuid());
	assert_string_equal(asker.program, "");
	/* Nor is another's process looked at. */
	asker_find(port, false, &another, &last, &asker);
	assert_true(asker.has_uid);
	assert_string_equal(asker.program, "");
	close(fd);
}

/* A child alone has the socket, under that name, with that many other descriptors before it. */
static pid_t hand_over(int fd, const char *name, int others)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NAME, name);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 0; i < others; i++)
			if (dup(STDIN_FILENO) < 0)
				_exit(1);
		if (others && (fcntl(fd, F_DUPFD, 0) < 0 || close(fd) < 0))
			_exit(1);
		(void)!write(ready[1], "", 1);
		pause();
		_exit(0);
	}
	close(fd);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_name_is_made_safe(void **state)
{
	pid_t last = getpid(), pid;
	uint16_t port;
	int fd = open_socket(AF_INET, &port);

	(void)state;
	pid = hand_over(fd, "a\x1b[m\n", 0);
	assert_string_equal(find(port, &last).program, "a\\x1b[m\\x0a");
	assert_int_equal(last, pid);
	/* The one that was found is looked at first. */
	assert_string_equal(find(port, &last).program, "a\\x1b[m\\x0a");
	end(pid);
	assert_false(find(port, &last).has_uid);
}

static void what_is_looked_at_has_a_bound(void **state)
{
	struct rlimit limit;
	pid_t last = 0, pid;
	uint16_t port;
	struct asker asker;
	int fd;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_max < 2 * ASKER_FDS)
		skip();
	limit.rlim_cur = 2 * ASKER_FDS;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	fd = open_socket(AF_INET, &port);
	pid = hand_over(fd, "hoarder", ASKER_FDS + 100);
	asker = find(port, &last);
	assert_true(asker.has_uid);
	assert_string_equal(asker.program, "");
	end(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_has_the_socket_asks),
		cmocka_unit_test(it_asks_a_dns_server_or_is_not_connected),
		cmocka_unit_test(without_a_socket_nobody_is_known),
		cmocka_unit_test(without_an_agent_the_user_alone_is),
		cmocka_unit_test(a_name_is_made_safe),
		cmocka_unit_test(what_is_looked_at_has_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
