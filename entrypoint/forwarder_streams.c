/* Clients by TCP: many questions behind one another, answered in any order (RFC 7766). What one
 * connection may hold is bounded, and so is how long it may do nothing:
 *
 *	questions under way   EXPECTED_MAX; more are read when some are answered
 *	answers not taken     OUTPUT_MAX; more, and it ends
 *	nothing whole asked, nothing taken for FORWARDER_IDLE_MS, and it ends
 *
 * A connection that is closed during a turn keeps its place until the turn ends. A client that ends
 * its side is gone: what it asked is forgotten. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "entrypoint/forwarder_internal.h"
#include "lib/buf.h"

#define EXPECTED_MAX 64
#define OUTPUT_MAX (128 << 10)

struct stream {
	struct forwarder *f;
	int fd; /* -1: closed in this turn */
	size_t index;
	bool loopback;
	uint16_t port;
	bool waits;       /* with questions in `input` that are too many now */
	uint32_t watched; /* the events */
	int expected;     /* questions under way */
	int64_t since;    /* when it last asked something whole or took something */
	struct dnsmsg_stream input;
	struct buf output;
	size_t sent; /* of it */
};

static void close_stream(struct stream *s)
{
	if (s->fd < 0)
		return;
	questions_forget(s->f, s);
	close(s->fd);
	s->fd = -1;
}

void stream_expect(struct stream *s, int change)
{
	s->expected += change;
}

/* Connections. */

static void listen_while_there_is_room(struct forwarder *f)
{
	bool room = f->streams.count < FORWARDER_CONNECTIONS && !f->streams.refused;

	if (room == f->streams.listening)
		return;
	f->streams.listening = room;
	for (size_t i = 0; i < f->clients.count; i++)
		if (f->clients.listeners[i].stream)
			forwarder_watch(f, EPOLL_CTL_MOD, f->clients.listeners[i].fd,
					room ? EPOLLIN : 0, SOURCE_LISTENER, i);
}

static struct stream *new_stream(struct forwarder *f, int fd,
				 const union address *address)
{
	struct stream *s = calloc(1, sizeof(*s));
	size_t index = 0;

	if (!s)
		return NULL;
	while (f->streams.v[index])
		index++;
	*s = (struct stream){
		.f = f,
		.fd = fd,
		.index = index,
		.loopback = address_is_loopback(address),
		.port = address_port(address),
		.since = f->now,
		.watched = EPOLLIN,
	};
	f->streams.v[index] = s;
	f->streams.count++;
	forwarder_watch(f, EPOLL_CTL_ADD, fd, EPOLLIN, SOURCE_STREAM, index);
	return s;
}

void streams_accept(struct forwarder *f, unsigned listener)
{
	while (f->streams.count < FORWARDER_CONNECTIONS) {
		union address address;
		socklen_t size = sizeof(address);
		int fd = accept4(f->clients.listeners[listener].fd, &address.any, &size,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		/* For want of a descriptor, then: it would be tried without end. */
		if (fd < 0) {
			f->streams.refused = errno != EAGAIN && errno != ECONNABORTED;
			return;
		}
		if (!new_stream(f, fd, &address))
			close(fd);
	}
}

/* Questions. */

static void take_questions(struct stream *s)
{
	const struct client client = {
		.stream = s,
		.loopback = s->loopback,
		.port = s->port,
	};
	uint8_t message[DNSMSG_QUERY_BYTES];
	size_t length;

	while (s->fd >= 0) {
		s->waits = s->expected >= EXPECTED_MAX;
		if (s->waits)
			return;
		switch (dnsmsg_stream_next(&s->input, message, &length)) {
		case DNSMSG_MORE:
			return;
		case DNSMSG_MESSAGE:
			s->since = s->f->now;
			questions_begin(s->f, &client, message, length);
			break;
		case DNSMSG_BROKEN:
			close_stream(s);
		}
	}
}

static void read_stream(struct stream *s)
{
	size_t room;
	uint8_t *to = dnsmsg_stream_room(&s->input, &room);
	ssize_t length = recv(s->fd, to, room, 0);

	if (length > 0) {
		s->input.length += (size_t)length;
		take_questions(s);
	} else if (length == 0 || errno != EAGAIN) {
		close_stream(s);
	}
}

/* Answers. */

void stream_send(struct stream *s, const uint8_t *bytes, size_t length)
{
	const uint8_t prefix[] = { (uint8_t)(length >> 8), (uint8_t)length };

	if (s->fd < 0)
		return;
	buf_add(&s->output, prefix, sizeof(prefix));
	buf_add(&s->output, bytes, length);
}

static void write_stream(struct stream *s)
{
	ssize_t length;

	if (s->fd < 0 || s->output.length == s->sent)
		return;
	length = s->output.failed ? -1
				  : send(s->fd, s->output.data + s->sent,
					 s->output.length - s->sent, MSG_NOSIGNAL);
	if (length > 0) {
		s->sent += (size_t)length;
		s->since = s->f->now;
	}
	if (s->output.failed || (length < 0 && errno != EAGAIN) ||
	    s->output.length - s->sent > OUTPUT_MAX) {
		close_stream(s);
	} else if (s->sent == s->output.length) {
		buf_release(&s->output);
		s->sent = 0;
	}
}

/* The turn. */

void streams_ready(struct forwarder *f, size_t index, uint32_t events)
{
	struct stream *s = f->streams.v[index];

	if (!s || s->fd < 0)
		return;
	if (events & (EPOLLERR | EPOLLHUP))
		close_stream(s);
	else if (events & EPOLLIN)
		read_stream(s);
}

static bool is_idle(const struct stream *s)
{
	return (!s->expected || s->output.length) &&
	       s->f->now - s->since >= FORWARDER_IDLE_MS;
}

static void watch(struct stream *s)
{
	bool unsent = s->output.length != 0;
	uint32_t events = (s->waits || unsent ? 0u : EPOLLIN) | (unsent ? EPOLLOUT : 0u);

	if (events == s->watched)
		return;
	s->watched = events;
	forwarder_watch(s->f, EPOLL_CTL_MOD, s->fd, events, SOURCE_STREAM, s->index);
}

static void free_stream(struct stream *s)
{
	s->f->streams.v[s->index] = NULL;
	s->f->streams.count--;
	s->f->streams.refused = false;
	buf_release(&s->output);
	free(s);
}

void streams_turn(struct forwarder *f)
{
	for (size_t i = 0; f->streams.count && i < FORWARDER_CONNECTIONS; i++) {
		struct stream *s = f->streams.v[i];

		if (!s)
			continue;
		if (s->waits)
			take_questions(s);
		write_stream(s);
		if (is_idle(s))
			close_stream(s);
		if (s->fd < 0)
			free_stream(s);
		else
			watch(s);
	}
	listen_while_there_is_room(f);
}

int64_t streams_due(const struct forwarder *f)
{
	int64_t due = INT64_MAX;

	for (size_t i = 0; f->streams.count && i < FORWARDER_CONNECTIONS; i++) {
		const struct stream *s = f->streams.v[i];

		if (s && (!s->expected || s->output.length) &&
		    s->since + FORWARDER_IDLE_MS < due)
			due = s->since + FORWARDER_IDLE_MS;
	}
	return due;
}
