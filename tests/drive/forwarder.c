/* Plays the guard for the forwarder: forwarder PROGRAM [WORD...] starts PROGRAM, the netpale binary,
 * as forwarder with the sockets it needs, and judges by the words:
 *
 *	upstream=ADDR  allow=HOST  allow=.DOMAIN  limited=HOST  pointer=NAME=HOST
 *	drop=ADDR (may not be told)  failed=HOST (the kernel refused)  hold=HOST (see below)
 *	ttl=SECONDS (to tell)  mark=NUMBER  port=NUMBER  agent=UID  only4  quiet
 *
 * Whatever is not named is refused; types but A and AAAA of what is allowed have no data. On stdout
 * it says "started PID", "ready", then each message of the forwarder in a line, and last "ended"
 * with its status. It reads lines: "release" answers the LEARNs of `hold` hosts that wait, "ping",
 * "descriptor" (sends a PING with a descriptor, which the forwarder may not get), "nonsense" (bytes
 * that are no message), "leave" (closes the pair and waits). */

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "entrypoint/forwarder.h"
#include "entrypoint/log.h"
#include "entrypoint/worker.h"

#define HELD_MAX 64

static struct {
	char **words;
	uint32_t mark, ttl;
	uint16_t port;
	bool only4, quiet;
	struct user agent;
} guard = { .ttl = 60, .port = 7753, .agent.uid = 1000 };

static struct worker forwarder;
static struct message held[HELD_MAX];
static size_t held_count;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* The value of the word KEY=...; from `*word` on, which moves behind it. */
static const char *next(char ***word, const char *key)
{
	size_t length = strlen(key);

	while (**word) {
		const char *at = *(*word)++;

		if (strncmp(at, key, length) == 0 && at[length] == '=')
			return at + length + 1;
	}
	return NULL;
}

static bool is_named(const char *key, const char *value)
{
	char **word = guard.words;
	const char *at;

	while ((at = next(&word, key)))
		if (strcmp(at, value) == 0 ||
		    (at[0] == '.' && host_is_below(value, at + 1)))
			return true;
	return false;
}

static const char *pointer_of(const char *name)
{
	char **word = guard.words;
	const char *at;

	while ((at = next(&word, "pointer")))
		if (strncmp(at, name, strlen(name)) == 0 && at[strlen(name)] == '=')
			return at + strlen(name) + 1;
	return NULL;
}

/* The sockets. */

static int make_socket(int family, int type, bool listens)
{
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(guard.port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(guard.port),
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		die("socket");
	if (!listens && guard.mark &&
	    setsockopt(fd, SOL_SOCKET, SO_MARK, &guard.mark, sizeof(guard.mark)) < 0)
		die("SO_MARK");
	if (!listens)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, family == AF_INET ? (void *)&in : (void *)&in6,
		 family == AF_INET ? sizeof(in) : sizeof(in6)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 64) < 0))
		die("listen");
	return fd;
}

static size_t make_sockets(int *fds)
{
	static const int families[] = { AF_INET, AF_INET6 };
	size_t count = 0;

	for (int i = 0; i < (guard.only4 ? 1 : 2); i++) {
		fds[count++] = make_socket(families[i], SOCK_DGRAM, true);
		fds[count++] = make_socket(families[i], SOCK_STREAM, true);
	}
	for (int i = 0; i < (guard.only4 ? 1 : 2); i++) {
		for (int j = 0; j < FORWARDER_SOCKETS; j++)
			fds[count++] = make_socket(families[i], SOCK_DGRAM, false);
		for (int j = 0; j < FORWARDER_STREAMS; j++)
			fds[count++] = make_socket(families[i], SOCK_STREAM, false);
	}
	return count;
}

static void serve(void)
{
	static struct message message = { .type = MESSAGE_SERVE };
	int fds[256];
	size_t count = make_sockets(fds);
	char **word = guard.words;
	const char *at;

	while ((at = next(&word, "upstream")))
		if (!addr_parse(at, strlen(at), &message.addrs[message.count++]))
			exit(2);
	if (worker_send(&forwarder, &message, fds, count) != 0)
		die("SERVE");
	while (count)
		close(fds[--count]);
}

/* Its messages. */

static void answer(const struct message *message)
{
	if (worker_send(&forwarder, message, NULL, 0) < 0)
		die("send");
}

static void judge(struct message *m)
{
	const char *pointer = pointer_of(m->host);
	bool address = m->qtype == 1 || m->qtype == 28;

	m->type = MESSAGE_VERDICT;
	m->verdict = VERDICT_REFUSED;
	if (is_named("limited", m->host))
		m->verdict = VERDICT_LIMITED;
	else if (is_named("allow", m->host))
		m->verdict = address ? VERDICT_FORWARD : VERDICT_NO_DATA;
	else if (m->qtype == 12 && pointer)
		m->verdict = VERDICT_POINTER;
	if (m->verdict == VERDICT_POINTER)
		strcpy(m->host, pointer);
	answer(m);
}

static void learned(struct message *m)
{
	size_t kept = 0;
	char text[ADDR_TEXT];

	m->type = MESSAGE_LEARNED;
	m->failed = is_named("failed", m->host);
	m->ttl = guard.ttl;
	for (size_t i = 0; i < m->count; i++)
		if (!is_named("drop", addr_format(&m->addrs[i], text)))
			m->addrs[kept++] = m->addrs[i];
	m->count = m->failed ? 0 : kept;
	answer(m);
}

static void say(const struct message *m)
{
	const struct message_counters *c = &m->counters;
	char text[ADDR_TEXT];

	printf("%s", message_name(m->type));
	if (m->type == MESSAGE_ASK || m->type == MESSAGE_LEARN)
		printf(" %u %s", m->qtype, m->host);
	if (m->type == MESSAGE_LEARN)
		printf(" ttl %u", m->ttl);
	for (size_t i = 0; i < m->count; i++)
		printf(" %s", addr_format(&m->addrs[i], text));
	if (m->type == MESSAGE_ALIVE)
		printf(" questions %lu answered %lu refused %lu failed %lu malformed %lu "
		       "dropped %lu",
		       c->questions, c->answered, c->refused, c->failed, c->malformed,
		       c->dropped);
	puts("");
}

static void obey(struct message *m)
{
	if (!guard.quiet || m->type == MESSAGE_READY || m->type == MESSAGE_ALIVE)
		say(m);
	if (m->type == MESSAGE_ASK)
		judge(m);
	else if (m->type == MESSAGE_LEARN && is_named("hold", m->host) &&
		 held_count < HELD_MAX)
		held[held_count++] = *m;
	else if (m->type == MESSAGE_LEARN)
		learned(m);
}

static void end(void)
{
	int status;

	if (waitpid(forwarder.pid, &status, 0) < 0)
		die("wait");
	if (WIFSIGNALED(status))
		printf("ended by signal %d\n", WTERMSIG(status));
	else
		printf("ended with %d\n", WEXITSTATUS(status));
	exit(0);
}

static void read_messages(void)
{
	static struct message message;
	struct error err;
	int result;

	while ((result = worker_receive(&forwarder, &message, &err)) > 0)
		obey(&message);
	if (result == 0)
		return;
	printf("gone: %s\n", err.text);
	worker_kill(&(struct worker){ .fd = forwarder.fd });
	end();
}

/* Commands. */

static void read_commands(void)
{
	struct message ping = { .type = MESSAGE_PING };
	char line[64];
	ssize_t length = read(STDIN_FILENO, line, sizeof(line) - 1);

	if (length <= 0) { /* nobody will say anything any more */
		int quiet = open("/dev/null", O_WRONLY);

		dup2(quiet, STDIN_FILENO);
		return;
	}
	line[length] = '\0';
	if (strcmp(line, "release\n") == 0) {
		while (held_count)
			learned(&held[--held_count]);
	} else if (strcmp(line, "ping\n") == 0) {
		answer(&ping);
	} else if (strcmp(line, "descriptor\n") == 0) {
		worker_send(&forwarder, &ping, (const int[]){ STDOUT_FILENO }, 1);
	} else if (strcmp(line, "nonsense\n") == 0) {
		send(forwarder.fd, "nonsense", 8, MSG_NOSIGNAL);
	} else if (strcmp(line, "leave\n") == 0) {
		close(forwarder.fd);
		end();
	}
}

static void read_words(void)
{
	for (char **word = guard.words; *word; word++) {
		const char *equals = strchr(*word, '=');
		uint32_t number = equals ? (uint32_t)strtoul(equals + 1, NULL, 0) : 0;

		if (strncmp(*word, "mark=", 5) == 0)
			guard.mark = number;
		else if (strncmp(*word, "ttl=", 4) == 0)
			guard.ttl = number;
		else if (strncmp(*word, "port=", 5) == 0)
			guard.port = (uint16_t)number;
		else if (strncmp(*word, "agent=", 6) == 0)
			guard.agent.uid = number;
		else if (strcmp(*word, "only4") == 0)
			guard.only4 = true;
		else if (strcmp(*word, "quiet") == 0)
			guard.quiet = true;
	}
}

int main(int argc, char **argv)
{
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN },
				 { .events = POLLIN } };
	struct error err;
	int program;

	if (argc < 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getenv("NETPALE_JSON"))
		log_set_json();
	guard.words = argv + 2;
	read_words();
	program = open(argv[1], O_PATH | O_CLOEXEC);
	if (worker_start_from(program, WORKER_FORWARDER, &guard.agent, &forwarder, &err) <
	    0) {
		printf("not started: %s\n", err.text);
		return 1;
	}
	printf("started %d\n", forwarder.pid);
	serve();
	fds[1].fd = forwarder.fd;
	while (poll(fds, 2, -1) >= 0) {
		if (fds[1].revents)
			read_messages();
		if (fds[0].revents)
			read_commands();
	}
	return 1;
}
