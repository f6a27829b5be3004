#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>

#include "lib/buf.h"
#include "lib/resolver.h"

/* What the tests of the resolver share: tests/peers/dns.c on loopback, on a port that was free
 * (what each name does stands in that file's table), a resolv.conf and a hosts file. */

#define SERVERS 2
#define UNFORGIVING 400 /* deadline in ms where silence is expected */
#define PATIENT 20000   /* where it is not, even under valgrind */

struct server {
	pid_t pid;
	int log; /* what it was asked, one question a line */
};

static struct place {
	char directory[64], resolv_conf[96], hosts[96];
	int port;
	struct server servers[SERVERS];
	struct arena *arena;
	struct resolver_options options;
} place;

static inline void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static inline int free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	close(fd);
	return ntohs(at.sin_port);
}

/* Server `i` at 127.0.0.(i+1); returns when it takes questions. */
static inline void start(int i, const char *manner, const char *other)
{
	const char *peers = getenv("PEERS");
	char path[512], addr[24], port[16], ready[8];
	int pipes[2];

	if (!peers)
		fail_msg("PEERS is not set: run this by ctest");
	snprintf(path, sizeof(path), "%s/dns", peers);
	snprintf(addr, sizeof(addr), "127.0.0.%d", i + 1);
	snprintf(port, sizeof(port), "%d", place.port);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	place.servers[i].pid = fork();
	assert_true(place.servers[i].pid >= 0);
	if (place.servers[i].pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		execl(path, path, addr, port, manner, other, (char *)NULL);
		_exit(127);
	}
	close(pipes[1]);
	place.servers[i].log = pipes[0];
	assert_int_equal(read(pipes[0], ready, sizeof(ready)), 6); /* "ready\n" */
}

static inline void stop(int i)
{
	struct server *server = &place.servers[i];

	if (!server->pid)
		return;
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	close(server->log);
	*server = (struct server){ 0 };
}

/* What server `i` was asked; ends it. */
static inline const char *asked(int i)
{
	struct server *server = &place.servers[i];
	static char text[65536];
	size_t length = 0;
	ssize_t more;

	kill(server->pid, SIGTERM);
	while ((more = read(server->log, text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)more;
	text[length] = '\0';
	stop(i);
	return text;
}

static inline void resolv_conf(int servers, const char *rest)
{
	struct buf text = { 0 };

	buf_puts(&text, "# a comment\n");
	for (int i = 0; i < servers; i++)
		buf_printf(&text, "nameserver [127.0.0.%d]:%d\n", i + 1, place.port);
	buf_puts(&text, rest);
	write_file(place.resolv_conf, text.data);
	buf_release(&text);
}

static inline int set_up(void **state)
{
	(void)state;
	place = (struct place){ .port = free_port(), .arena = arena_new(0) };
	strcpy(place.directory, "/tmp/test_resolver.XXXXXX");
	assert_non_null(mkdtemp(place.directory));
	snprintf(place.resolv_conf, sizeof(place.resolv_conf), "%s/resolv.conf",
		 place.directory);
	snprintf(place.hosts, sizeof(place.hosts), "%s/hosts", place.directory);
	place.options = (struct resolver_options){ .timeout_ms = PATIENT,
						   .resolv_conf = place.resolv_conf,
						   .hosts = place.hosts };
	resolv_conf(1, "");
	write_file(place.hosts, "127.0.0.1 localhost\n");
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < SERVERS; i++)
		stop(i);
	unlink(place.resolv_conf);
	unlink(place.hosts);
	rmdir(place.directory);
	arena_free(place.arena);
	return 0;
}

static inline long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline struct answers ask(const char *const *names, size_t count)
{
	struct answers answers;
	struct error err = { 0 };

	if (resolver_ask(names, count, &place.options, place.arena, &answers, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(answers.count, count);
	return answers;
}

/* The one name's addresses, or its state. */
static inline void expect(const char *name, const char *expected)
{
	struct answers answers = ask(&name, 1);
	const struct answer *answer = answers_find(&answers, name);
	struct buf text = { 0 };

	assert_non_null(answer);
	assert_int_equal(answer->state == ANSWER_OK, answer->count > 0);
	for (size_t i = 0; i < answer->count; i++) {
		char addr[ADDR_TEXT];

		buf_printf(&text, "%s%s", i ? " " : "",
			   addr_format(&answer->addrs[i], addr));
	}
	if (answer->count == 0)
		buf_puts(&text, answer_state_name(answer->state));
	if (strcmp(text.data, expected) != 0)
		fail_msg("%s: %s, not %s", name, text.data, expected);
	buf_release(&text);
}

#define BOTH "198.51.100.10 2001:db8:1::10"

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
