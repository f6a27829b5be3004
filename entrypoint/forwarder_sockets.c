/* The sockets towards upstream. They came from the guard, because they carry its mark, and are
 * few, because nobody here can make another one: c-ares gets one of them where it would open one,
 * and where it would close one the socket is dissolved: it loses its peer and its port, and is as
 * new.
 *
 * Those of UDP are in the epoll set for good: without a port they hear nothing. Those of TCP are
 * not, without a peer they report an end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "entrypoint/forwarder_internal.h"

/* So much late mail in one turn; the next turn goes on. */
#define DRAIN_MAX 64

static struct upstream_socket *find(struct upstream *upstream, int fd)
{
	for (size_t i = 0; i < upstream->socket_count; i++)
		if (upstream->sockets[i].fd == fd)
			return &upstream->sockets[i];
	return NULL;
}

static struct upstream_socket *find_free(struct upstream *upstream, int family, int type)
{
	for (size_t i = 0; i < upstream->socket_count; i++) {
		struct upstream_socket *s = &upstream->sockets[i];

		if (!s->channel && s->family == family && s->type == type)
			return s;
	}
	return NULL;
}

/* What came too late for whoever had the socket, and errors. */
void sockets_drain(struct upstream_socket *s)
{
	char byte;

	for (int i = 0; i < DRAIN_MAX; i++)
		if (recv(s->fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN)
			break;
}

/* c-ares' calls. */

static ares_socket_t on_socket(int family, int type, int protocol, void *data)
{
	struct channel *channel = data;
	struct upstream_socket *s =
		find_free(&channel->forwarder->upstream, family, type);

	(void)protocol;
	if (!s) {
		errno = EMFILE;
		return ARES_SOCKET_BAD;
	}
	s->channel = channel;
	return s->fd;
}

static int on_close(ares_socket_t fd, void *data)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct channel *channel = data;
	struct upstream_socket *s = find(&channel->forwarder->upstream, fd);

	/* One that cannot be dissolved is never used again. */
	if (connect(fd, &nobody, sizeof(nobody)) < 0)
		return -1;
	if (s->type == SOCK_DGRAM)
		sockets_drain(s);
	s->channel = NULL;
	return 0;
}

/* Nothing of what c-ares asks for (TCP fast open) is needed. */
static int on_option(ares_socket_t fd, ares_socket_opt_t option, const void *value,
		     ares_socklen_t size, void *data)
{
	(void)fd;
	(void)option;
	(void)value;
	(void)size;
	(void)data;
	errno = ENOSYS;
	return -1;
}

static int on_connect(ares_socket_t fd, const struct sockaddr *address,
		      ares_socklen_t size, unsigned flags, void *data)
{
	(void)flags;
	(void)data;
	return connect(fd, address, size);
}

static ares_ssize_t on_receive(ares_socket_t fd, void *bytes, size_t length, int flags,
			       struct sockaddr *address, ares_socklen_t *size, void *data)
{
	(void)data;
	return recvfrom(fd, bytes, length, flags, address, size);
}

static ares_ssize_t on_send(ares_socket_t fd, const void *bytes, size_t length, int flags,
			    const struct sockaddr *address, ares_socklen_t size,
			    void *data)
{
	(void)data;
	return sendto(fd, bytes, length, flags | MSG_NOSIGNAL, address, size);
}

/* Without ARES_SOCKFUNC_FLAG_NONBLOCKING one event is one read: epoll says when there is more,
 * and a second read would mostly find nothing. */
int sockets_serve(struct channel *channel)
{
	static const struct ares_socket_functions_ex functions = {
		.version = 1,
		.asocket = on_socket,
		.aclose = on_close,
		.asetsockopt = on_option,
		.aconnect = on_connect,
		.arecvfrom = on_receive,
		.asendto = on_send,
	};

	return (int)ares_set_socket_functions_ex(channel->ares, &functions, channel);
}

void sockets_watch(void *data, ares_socket_t fd, int readable, int writable)
{
	struct channel *channel = data;
	struct forwarder *f = channel->forwarder;
	struct upstream_socket *s = find(&f->upstream, fd);
	uint32_t events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);
	int operation = s->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (s->type == SOCK_DGRAM)
		return;
	if (!events)
		operation = EPOLL_CTL_DEL;
	s->watched = events != 0;
	forwarder_watch(f, operation, fd, events, SOURCE_UPSTREAM,
			(size_t)(s - f->upstream.sockets));
}

/* Start. */

static int option(int fd, int name)
{
	int value = 0;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

int sockets_open(struct forwarder *f, const int *fds, size_t count, struct error *err)
{
	struct upstream *upstream = &f->upstream;

	upstream->sockets = calloc(count + 1, sizeof(*upstream->sockets));
	if (!upstream->sockets)
		return error_memory(err);
	for (size_t i = 0; i < count; i++) {
		struct upstream_socket s = {
			.fd = fds[i],
			.family = option(fds[i], SO_DOMAIN),
			.type = option(fds[i], SO_TYPE),
		};

		if (clients_are_heard_by(fds[i]))
			continue;
		if ((s.family != AF_INET && s.family != AF_INET6) ||
		    (s.type != SOCK_DGRAM && s.type != SOCK_STREAM))
			return error_set(err, ERROR_POLICY,
					 "SERVE: a descriptor is no socket of ours");
		if (s.type == SOCK_DGRAM)
			forwarder_watch(f, EPOLL_CTL_ADD, s.fd, EPOLLIN, SOURCE_UPSTREAM,
					upstream->socket_count);
		upstream->sockets[upstream->socket_count++] = s;
	}
	return 0;
}
