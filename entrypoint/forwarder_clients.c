/* Datagrams from and to clients, as many at a time as there are. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "entrypoint/forwarder_internal.h"

/* Messages of one system call. */
#define BATCH 16

struct datagrams {
	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
	union address addresses[BATCH];
	uint8_t bytes[BATCH][DNSMSG_UDP_MAX];
	unsigned count;    /* outbox: written */
	unsigned listener; /* outbox: through which all of them go */
};

static struct datagrams *new_datagrams(void)
{
	struct datagrams *box = calloc(1, sizeof(*box));

	for (size_t i = 0; box && i < BATCH; i++) {
		box->parts[i] = (struct iovec){ box->bytes[i], DNSMSG_UDP_MAX };
		box->headers[i].msg_hdr = (struct msghdr){
			.msg_name = &box->addresses[i],
			.msg_namelen = sizeof(box->addresses[i]),
			.msg_iov = &box->parts[i],
			.msg_iovlen = 1,
		};
	}
	return box;
}

/* Start. */

bool clients_are_heard_by(int fd)
{
	union address address = { 0 };
	socklen_t size = sizeof(address);

	return getsockname(fd, &address.any, &size) == 0 && address_port(&address) != 0;
}

static int add_listener(struct forwarder *f, int fd, struct error *err)
{
	struct clients *clients = &f->clients;
	struct listener *listener = &clients->listeners[clients->count];
	int accepts = 0, on = 1;
	socklen_t size = sizeof(accepts);

	if (clients->count == LISTENERS_MAX ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) < 0)
		return error_set(err, ERROR_POLICY,
				 "SERVE: the listening sockets are not ours");
	*listener = (struct listener){ .fd = fd, .stream = accepts };
	/* Its connections inherit that: an answer is not held back for the one before. */
	if (accepts)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	forwarder_watch(f, EPOLL_CTL_ADD, fd, EPOLLIN, SOURCE_LISTENER, clients->count++);
	return 0;
}

int clients_open(struct forwarder *f, const int *fds, size_t count, struct error *err)
{
	f->clients.inbox = new_datagrams();
	f->clients.outbox = new_datagrams();
	if (!f->clients.inbox || !f->clients.outbox)
		return error_memory(err);
	for (size_t i = 0; i < count; i++)
		if (clients_are_heard_by(fds[i]) && add_listener(f, fds[i], err) < 0)
			return -1;
	f->streams.listening = true;
	return f->clients.count ? 0
				: error_set(err, ERROR_POLICY,
					    "SERVE: no listening socket came with it");
}

/* Questions. */

static void begin(struct forwarder *f, unsigned listener, const struct mmsghdr *header)
{
	const struct msghdr *from = &header->msg_hdr;
	struct client client = { .listener = listener };

	if (from->msg_flags & MSG_TRUNC) { /* no question is so long */
		f->counters.malformed++;
		return;
	}
	memcpy(&client.address, from->msg_name, sizeof(client.address));
	client.loopback = address_is_loopback(&client.address);
	client.port = address_port(&client.address);
	questions_begin(f, &client, from->msg_iov->iov_base, header->msg_len);
}

void clients_read(struct forwarder *f, unsigned listener)
{
	struct datagrams *inbox = f->clients.inbox;
	int count;

	for (size_t i = 0; i < BATCH; i++)
		inbox->headers[i].msg_hdr.msg_namelen = sizeof(inbox->addresses[i]);
	count = recvmmsg(f->clients.listeners[listener].fd, inbox->headers, BATCH,
			 MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++)
		begin(f, listener, &inbox->headers[i]);
}

/* Answers. */

void clients_flush(struct forwarder *f)
{
	struct datagrams *outbox = f->clients.outbox;
	int fd = f->clients.listeners[outbox->listener].fd;
	unsigned sent = 0;

	while (sent < outbox->count) {
		int count = sendmmsg(fd, outbox->headers + sent, outbox->count - sent,
				     MSG_DONTWAIT | MSG_NOSIGNAL);

		/* A refusal is about the first of them; clients ask again. */
		sent += count > 0 ? (unsigned)count : 1;
	}
	outbox->count = 0;
}

static void send_datagram(struct forwarder *f, const struct client *client,
			  const uint8_t *bytes, size_t length)
{
	struct datagrams *outbox = f->clients.outbox;
	unsigned i;

	if (outbox->count == BATCH ||
	    (outbox->count && outbox->listener != client->listener))
		clients_flush(f);
	i = outbox->count++;
	outbox->listener = client->listener;
	outbox->addresses[i] = client->address;
	outbox->headers[i].msg_hdr.msg_namelen = client->address.any.sa_family == AF_INET
							 ? sizeof(client->address.in)
							 : sizeof(client->address.in6);
	outbox->parts[i].iov_len = length;
	memcpy(outbox->bytes[i], bytes, length);
}

void clients_send(struct forwarder *f, const struct client *client, const uint8_t *bytes,
		  size_t length)
{
	if (client->stream)
		stream_send(client->stream, bytes, length);
	else
		send_datagram(f, client, bytes, length);
}
