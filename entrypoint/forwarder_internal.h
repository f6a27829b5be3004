#pragma once

#include <ares.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entrypoint/forwarder.h"
#include "lib/dnsmsg.h"
#include "lib/message.h"
#include "lib/told.h"

/* The parts of the forwarder, which share one value:
 *
 *	forwarder.c            start, the loop, what the guard says
 *	forwarder_questions.c  one question from its first byte to its answer
 *	forwarder_clients.c    datagrams from and to clients
 *	forwarder_streams.c    the same by TCP
 *	forwarder_upstream.c   channels to the upstream servers
 *	forwarder_sockets.c    the marked sockets they go through
 */

struct forwarder;

/* What epoll says has happened: `source` and an index, in one number. */
enum source {
	SOURCE_GUARD,
	SOURCE_LISTENER,
	SOURCE_STREAM,
	SOURCE_UPSTREAM,
};

void forwarder_watch(struct forwarder *f, int operation, int fd, uint32_t events,
		     enum source source, size_t index);

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};
bool address_is_loopback(const union address *address);
uint16_t address_port(const union address *address);

/* Whose question it is. */
struct client {
	struct stream *stream; /* NULL: by UDP */
	unsigned listener;     /* by UDP: which one */
	bool loopback;         /* it asks from an address of lo */
	uint16_t port;         /* from this one */
	union address address; /* by UDP */
};

/* Questions. */

enum stage {
	STAGE_ASKED,    /* the guard */
	STAGE_UPSTREAM, /* the servers */
	STAGE_LEARNING, /* the guard again */
	STAGE_OVER,     /* answered or forgotten; c-ares still holds it */
};

struct question {
	struct forwarder *forwarder;
	struct question *older, *newer;
	uint32_t number;
	enum stage stage;
	int64_t deadline;
	struct client client;
	/* As dnsmsg_question has them; `host` is behind `text`, its letters change case on the
	 * way upstream. */
	uint16_t id, type, udp_size;
	bool recursion, edns;
	char *host;
	/* Upstream. */
	unsigned pending;   /* replies of c-ares to come */
	bool alone, direct; /* was asked again by itself; not of Docker any more */
	bool at_docker;
	uint16_t docker_id;
	ares_dns_record_t *aliases; /* the CNAMEs of the reply, or NULL */
	char text[];
};

struct questions {
	struct question *table[FORWARDER_QUESTIONS]; /* number modulo this */
	uint16_t free[FORWARDER_QUESTIONS];
	size_t free_count;
	uint32_t serial;
	struct question *oldest, *newest; /* those that are not over */
};

int questions_open(struct forwarder *f, struct error *err) MUST_CHECK;
void questions_begin(struct forwarder *f, const struct client *client,
		     const uint8_t *bytes, size_t length);
void questions_judged(struct forwarder *f, const struct message *verdict);
void questions_learned(struct forwarder *f, const struct message *learned);
/* What upstream says: one of both, once. */
void questions_reply(struct question *question, const ares_dns_record_t *reply);
void questions_fail(struct question *question);
void questions_forget(struct forwarder *f, const struct stream *stream);
void questions_expire(struct forwarder *f);
void questions_release(struct question *question); /* when it is over and nothing pends */

/* Clients. */

#define LISTENERS_MAX 4

struct clients {
	struct listener {
		int fd;
		bool stream;
	} listeners[LISTENERS_MAX];
	size_t count;
	struct datagrams *inbox, *outbox;
};

/* Is that a socket that clients ask? It is bound; those towards upstream are not. */
bool clients_are_heard_by(int fd);
int clients_open(struct forwarder *f, const int *fds, size_t count, struct error *err);
void clients_read(struct forwarder *f, unsigned listener);
void clients_send(struct forwarder *f, const struct client *client, const uint8_t *bytes,
		  size_t length);
void clients_flush(struct forwarder *f);

struct streams {
	struct stream *v[FORWARDER_CONNECTIONS];
	size_t count;
	bool listening;
	bool refused; /* a connection, by the kernel; until one ends, or a PING comes */
};

void streams_accept(struct forwarder *f, unsigned listener);
void streams_ready(struct forwarder *f, size_t index, uint32_t events);
void stream_send(struct stream *stream, const uint8_t *bytes, size_t length);
void stream_expect(struct stream *stream, int change); /* questions under way */
/* At the end of each turn: sends, closes, goes on with what had to wait. */
void streams_turn(struct forwarder *f);
int64_t
streams_due(const struct forwarder *f); /* when streams_turn() has something to do */

/* Upstream. */

#define EVENTS_MAX 64

enum channel_kind {
	CHANNEL_A,
	CHANNEL_AAAA, /* never through the socket of its A: see the file */
	CHANNEL_ALONE,
	CHANNEL_DOCKER,
	CHANNELS,
};

struct channel {
	struct forwarder *forwarder;
	ares_channel_t *ares;
	ares_fd_events_t events[EVENTS_MAX];
	size_t event_count;
};

struct upstream_socket {
	int fd;
	int family, type;
	struct channel *channel; /* whose it is now, or NULL */
	bool watched;            /* by epoll */
};

struct upstream {
	struct channel channels[CHANNELS];
	ares_dns_record_t *query;
	bool has_docker, has_others;
	unsigned case_faults;
	uint8_t random[256]; /* asked of the kernel in one go */
	size_t random_left;
	struct upstream_socket *sockets;
	size_t socket_count;
};

int upstream_open(struct forwarder *f, const struct message *serve, struct error *err);
void upstream_ask(struct question *question);
void upstream_ask_directly(struct question *question);
/* c-ares takes the reply back; the answer needs only the way to the addresses. Without memory for
 * it, they are the name's own. */
ares_dns_record_t *upstream_keep_aliases(const ares_dns_record_t *reply);
void upstream_ready(struct forwarder *f, size_t index, uint32_t events);
void upstream_read(struct forwarder *f); /* of what upstream_ready() told */
void upstream_tidy(
	struct forwarder *f); /* closes what is done, tries again what is late */
int64_t upstream_due(struct forwarder *f);

int sockets_open(struct forwarder *f, const int *fds, size_t count, struct error *err);
int sockets_serve(struct channel *channel); /* an ARES_ status */
void sockets_watch(void *data, ares_socket_t fd, int readable, int writable);
void sockets_drain(struct upstream_socket *socket);

struct forwarder {
	int epoll;
	bool waits;  /* the guard does not read what we said */
	int64_t now; /* ms, of this turn */
	struct message_counters counters;
	struct message heard, said;
	struct dnsmsg_question asked;
	uint8_t scratch[DNSMSG_BYTES];
	struct questions questions;
	struct clients clients;
	struct streams streams;
	struct upstream upstream;
	struct told *told;
	int64_t second; /* in which `mentioned` of those told again were said to the guard */
	unsigned mentioned;
};

/* Ends the process when the guard is gone. 1: the guard does not read, nothing was said. */
int forwarder_tell(struct forwarder *f);
