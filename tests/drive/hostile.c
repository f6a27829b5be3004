/* netpale itself, whose forwarder obeys the file "manner" in the working directory: without one it is
 * the real one; else a word says how it misbehaves once it was told whom to serve (the table below).
 * What can be attacked it is told by the file "victims": a line "HOST ADDR [ADDR...]" each. */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "entrypoint/worker.h"

/* In the place of forwarder_main(), by the linker. */
int __wrap_forwarder_main(void);
int __real_forwarder_main(void);

static void await(short events)
{
	struct pollfd wait = { .fd = WORKER_FD, .events = events };

	(void)poll(&wait, 1, -1);
	if (wait.revents & (POLLHUP | POLLERR))
		_exit(0);
}

static void send_bytes(const void *bytes, size_t length)
{
	while (send(WORKER_FD, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		await(POLLOUT);
}

static void send_message(const struct message *message)
{
	static uint8_t bytes[MESSAGE_BYTES];

	send_bytes(bytes, message_encode(message, bytes));
}

/* Whatever the guard says is read and PINGs are answered, so that nothing is held against it. */
static void behave(void)
{
	static const struct message alive = { .type = MESSAGE_ALIVE };
	static uint8_t bytes[MESSAGE_BYTES];
	static struct message said;
	struct error ignored;

	for (;;) {
		ssize_t length;

		await(POLLIN);
		length = recv(WORKER_FD, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (length == 0)
			_exit(0);
		if (length > 0 &&
		    message_decode(bytes, (size_t)length, &said, &ignored) == 0 &&
		    said.type == MESSAGE_PING)
			send_message(&alive);
	}
}

static void random_bytes(void)
{
	uint8_t bytes[512];

	(void)!getrandom(bytes, sizeof(bytes), 0);
	send_bytes(bytes, 1 + bytes[0]);
	behave();
}

/* A message of the guard's own. */
static void verdict(void)
{
	const struct message message = { .type = MESSAGE_VERDICT,
					 .verdict = VERDICT_FORWARD };

	send_message(&message);
	behave();
}

static size_t a_learn(uint8_t bytes[static MESSAGE_BYTES])
{
	static struct message message = { .type = MESSAGE_LEARN,
					  .qtype = 1,
					  .ttl = 600,
					  .host = "open.example.com",
					  .count = 1 };

	message.addrs[0] = (struct addr){ .value = 0xcb007113, .family = FAMILY_4 };
	return message_encode(&message, bytes);
}

static void too_short(void)
{
	static uint8_t bytes[MESSAGE_BYTES];

	send_bytes(bytes, a_learn(bytes) - 1);
	behave();
}

static void too_long(void)
{
	static uint8_t bytes[MESSAGE_BYTES + 8];

	(void)a_learn(bytes);
	send_bytes(bytes, sizeof(bytes));
	behave();
}

/* Descriptors, which no forwarder has to give. */
static void descriptor(void)
{
	static uint8_t bytes[MESSAGE_BYTES];
	struct iovec part = { bytes, a_learn(bytes) };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS,
				  .cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	for (int i = 0; i < 1000; i++)
		while (sendmsg(WORKER_FD, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			await(POLLOUT);
	behave();
}

/* LEARN for each line of "victims". */
static void lies(void)
{
	FILE *file = fopen("victims", "re");
	char line[1024];

	while (file && fgets(line, sizeof(line), file)) {
		static struct message message;
		char *rest = line, *host = strsep(&rest, " "), *addr;

		message =
			(struct message){ .type = MESSAGE_LEARN, .qtype = 1, .ttl = 600 };
		snprintf(message.host, sizeof(message.host), "%s", host);
		while ((addr = strsep(&rest, " \n")))
			if (addr_parse(addr, strlen(addr), &message.addrs[message.count]))
				message.count++;
		send_message(&message);
	}
	behave();
}

/* Questions without end, faster than anybody takes them, and no ear for what the guard says. */
static void flood(void)
{
	static uint8_t learn[MESSAGE_BYTES], ask[MESSAGE_BYTES];
	static const struct message question = { .type = MESSAGE_ASK,
						 .qtype = 1,
						 .host = "open.example.com" };
	size_t learn_length = a_learn(learn), ask_length = message_encode(&question, ask);

	send_bytes(learn, learn_length);
	(void)!fork();
	(void)!fork();
	while (send(WORKER_FD, ask, ask_length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ||
	       errno == EAGAIN)
		;
	_exit(0);
}

static void deaf(void)
{
	for (;;)
		pause();
}

static void leave(void)
{
	_exit(0);
}

static const struct {
	const char *name;
	bool begins; /* says READY before */
	void (*misbehave)(void);
} manners[] = {
	{ "random", true, random_bytes },   { "verdict", true, verdict },
	{ "too-short", true, too_short },   { "too-long", true, too_long },
	{ "descriptor", true, descriptor }, { "lies", true, lies },
	{ "flood", true, flood },           { "deaf", true, deaf },
	{ "never-ready", false, behave },   { "leave", false, leave },
};

static _Noreturn void misbehave(const char *name)
{
	static const struct message ready = { .type = MESSAGE_READY };

	for (size_t i = 0; i < sizeof(manners) / sizeof(manners[0]); i++) {
		if (strcmp(manners[i].name, name) != 0)
			continue;
		if (manners[i].begins)
			send_message(&ready);
		manners[i].misbehave();
	}
	_exit(1);
}

int __wrap_forwarder_main(void)
{
	char name[32] = "";
	FILE *file = fopen("manner", "re");

	if (!file || !fgets(name, sizeof(name), file))
		return __real_forwarder_main();
	name[strcspn(name, "\n")] = '\0';
	misbehave(name);
}
