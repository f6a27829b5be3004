#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "entrypoint/forwarder_internal.h"
#include "lib/macros.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

/* Wraps: accept4 recv send close forwarder_watch questions_begin questions_forget */
/* DNS by TCP, as clients send it and take the answers: the bytes say which connection sends what in which
 * pieces, which questions are answered, how much of an answer a client takes, when it goes away, and how
 * time passes. Each question must come out as it went in, in order and whole; each answer go out with its
 * length, in order, and to whoever asked; nothing may be done with a connection that is closed, and what
 * one may hold is bounded. */

#define CLIENTS 3u
#define FIRST_FD 1000 /* of nobody else */
#define TEXT 8192u
#define EXPECTED 64         /* forwarder_streams.c */
#define OUTPUT (128u << 10) /* there, too */

struct connection {
	bool open, ended; /* ended: the client has gone */
	struct stream *stream;
	uint32_t events;     /* that the forwarder waits for */
	uint8_t sent[TEXT];  /* by the client */
	size_t length, read; /* of them: the forwarder has */
	size_t begun;        /* of them: were handed on as questions */
	unsigned expected;   /* questions under way */
	uint8_t takes;       /* bytes at a time; 0: none */
	uint32_t next;       /* the number of the byte that it takes next */
	uint32_t answered;   /* bytes written for it */
};

static struct connection clients[CLIENTS];
static unsigned accepting; /* clients that wait to be accepted */
static struct forwarder *forwarder;

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *size, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t room, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags);
int __wrap_close(int fd);
int __real_close(int fd);
void __wrap_forwarder_watch(struct forwarder *f, int operation, int fd, uint32_t events,
			    enum source source, size_t index);
void __wrap_questions_begin(struct forwarder *f, const struct client *client,
			    const uint8_t *bytes, size_t length);
void __wrap_questions_forget(struct forwarder *f, const struct stream *stream);

/* Answers are of a pattern, so that a byte out of its place shows. */
static uint8_t pattern(uint32_t number)
{
	return (uint8_t)(number * 7 + 3);
}

static struct connection *connection_of(int fd)
{
	PROMISE(fd >= FIRST_FD && fd < FIRST_FD + (int)CLIENTS);
	PROMISE(clients[fd - FIRST_FD].open);
	return &clients[fd - FIRST_FD];
}

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
	(void)fd;
	PROMISE((flags & SOCK_NONBLOCK) && (flags & SOCK_CLOEXEC));
	PROMISE(*size >= sizeof(struct sockaddr_in));
	for (size_t i = 0; accepting && i < CLIENTS; i++) {
		if (clients[i].open)
			continue;
		accepting--;
		clients[i] = (struct connection){ .open = true };
		memset(address, 0, sizeof(struct sockaddr_in));
		address->sa_family = AF_INET;
		return FIRST_FD + (int)i;
	}
	errno = EAGAIN;
	return -1;
}

ssize_t __wrap_recv(int fd, void *bytes, size_t room, int flags)
{
	struct connection *client = connection_of(fd);
	size_t left = client->length - client->read;

	(void)flags;
	PROMISE(room > 0);
	errno = EAGAIN;
	if (left == 0)
		return client->ended ? 0 : -1;
	left = left < room ? left : room;
	memcpy(bytes, client->sent + client->read, left);
	client->read += left;
	return (ssize_t)left;
}

ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags)
{
	struct connection *client = connection_of(fd);
	const uint8_t *byte = bytes;

	PROMISE((flags & MSG_NOSIGNAL) && length > 0);
	errno = EAGAIN;
	if (client->takes == 0)
		return -1;
	length = length < client->takes ? length : client->takes;
	for (size_t i = 0; i < length; i++)
		PROMISE(byte[i] == pattern(client->next++));
	PROMISE(client->next <= client->answered);
	return (ssize_t)length;
}

int __wrap_close(int fd)
{
	if (fd < FIRST_FD || fd >= FIRST_FD + (int)CLIENTS)
		return __real_close(fd); /* the fuzzer's own */
	connection_of(fd)->open = false;
	return 0;
}

void __wrap_forwarder_watch(struct forwarder *f, int operation, int fd, uint32_t events,
			    enum source source, size_t index)
{
	if (source != SOURCE_STREAM)
		return;
	connection_of(fd)->events = events;
	if (operation == EPOLL_CTL_ADD)
		connection_of(fd)->stream = f->streams.v[index];
	PROMISE(connection_of(fd)->stream == f->streams.v[index]);
}

void __wrap_questions_begin(struct forwarder *f, const struct client *client,
			    const uint8_t *bytes, size_t length)
{
	struct connection *from = NULL;
	size_t said;

	(void)f;
	for (size_t i = 0; i < CLIENTS; i++)
		if (clients[i].open && clients[i].stream == client->stream)
			from = &clients[i];
	PROMISE(from);
	PROMISE(from->begun + 2 + length <= from->read);
	said = (size_t)from->sent[from->begun] << 8 | from->sent[from->begun + 1];
	PROMISE(length == said && length > 0 && length <= DNSMSG_QUERY_BYTES);
	PROMISE(memcmp(from->sent + from->begun + 2, bytes, length) == 0);
	from->begun += 2 + length;
	from->expected++;
	stream_expect(client->stream, 1);
	PROMISE(from->expected <= EXPECTED);
}

void __wrap_questions_forget(struct forwarder *f, const struct stream *stream)
{
	(void)f;
	for (size_t i = 0; i < CLIENTS; i++)
		if (clients[i].open && clients[i].stream == stream)
			clients[i].expected = 0;
}

/* --- what happens ---------------------------------------------------------------------------- */

static void say(struct connection *client, struct input *input)
{
	size_t length = take(input, 64), room = TEXT - client->length;

	length = length < (size_t)(input->end - input->at)
			 ? length
			 : (size_t)(input->end - input->at);
	length = length < room ? length : room;
	if (length)
		memcpy(client->sent + client->length, input->at, length);
	client->length += length;
	input->at += length;
}

/* Many small questions at once, as somebody does who wants to fill us. */
static void flood(struct connection *client, struct input *input)
{
	for (uint32_t i = take(input, 256); i > 0 && client->length + 3 <= TEXT; i--) {
		memcpy(client->sent + client->length, "\0\1q", 3);
		client->length += 3;
	}
}

static void answer(struct connection *client)
{
	static uint8_t bytes[DNSMSG_BYTES];
	uint32_t number = client->answered;
	size_t length;

	if (client->expected == 0)
		return;
	/* The length in front is part of the pattern. */
	length = (size_t)pattern(number) << 8 | pattern(number + 1);
	for (size_t i = 0; i < length; i++)
		bytes[i] = pattern(number + 2 + (uint32_t)i);
	client->answered += 2 + (uint32_t)length;
	client->expected--;
	stream_expect(client->stream, -1);
	stream_send(client->stream, bytes, length);
}

static void step(struct input *input)
{
	struct connection *client = &clients[take(input, CLIENTS)];
	uint32_t what = take(input, 10);

	if (what == 0 && accepting < CLIENTS)
		accepting++;
	if (what == 1)
		forwarder->now += take(input, 2) ? FORWARDER_IDLE_MS : 100;
	if (client->open && what == 2)
		client->takes = (uint8_t)take(input, 256);
	if (client->open && what == 3)
		answer(client);
	if (client->open && what == 4)
		client->ended = true;
	if (client->open && !client->ended && what == 5)
		flood(client, input);
	if (client->open && !client->ended && what > 5)
		say(client, input);
}

/* One turn of the loop, as epoll would tell of it. */
static void turn(void)
{
	size_t open = 0;

	streams_accept(forwarder, 0);
	for (size_t i = 0; i < FORWARDER_CONNECTIONS; i++)
		for (size_t j = 0; forwarder->streams.v[i] && j < CLIENTS; j++)
			if (clients[j].open &&
			    clients[j].stream == forwarder->streams.v[i] &&
			    (clients[j].events & EPOLLIN))
				streams_ready(forwarder, i, EPOLLIN);
	streams_turn(forwarder);
	for (size_t i = 0; i < CLIENTS; i++) {
		const struct connection *client = &clients[i];

		open += client->open;
		if (!client->open)
			continue;
		PROMISE(client->answered - client->next <= OUTPUT);
		/* What is whole was handed on, unless there are too many. */
		PROMISE(client->expected == EXPECTED ||
			client->read - client->begun < 2 ||
			client->read - client->begun <
				2u + ((size_t)client->sent[client->begun] << 8 |
				      client->sent[client->begun + 1]));
	}
	PROMISE(forwarder->streams.count == open);
	PROMISE(forwarder->streams.listening);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct input input = { bytes, bytes + length };

	forwarder = calloc(1, sizeof(*forwarder));
	PROMISE(forwarder);
	memset(clients, 0, sizeof(clients));
	accepting = 1;
	forwarder->now = 1000;
	forwarder->clients.count = 1;
	forwarder->clients.listeners[0] = (struct listener){ 3, true };
	forwarder->streams.listening = true;
	while (input.at < input.end) {
		step(&input);
		if (take(&input, 2))
			turn();
	}
	/* All of them go. */
	accepting = 0;
	for (size_t i = 0; i < CLIENTS; i++)
		clients[i].ended = true;
	for (size_t i = 0; i < 4 && forwarder->streams.count; i++) {
		forwarder->now += 2 * FORWARDER_IDLE_MS;
		for (size_t j = 0; j < FORWARDER_CONNECTIONS; j++)
			streams_ready(forwarder, j, EPOLLHUP);
		streams_turn(forwarder);
	}
	PROMISE(forwarder->streams.count == 0);
	free(forwarder);
	return 0;
}
