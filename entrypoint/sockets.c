#include "entrypoint/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/macros.h"
#include "lib/ruleset.h"

/* Ports that the kernel chooses, when the first choice is taken. */
#define TRIES 16
#define BACKLOG 64

/* A burst of questions waits here while the forwarder works; a small datagram counts for about
 * 1,280 bytes. */
#define RECEIVE_BYTES (1 << 20)

union place {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

static socklen_t loopback(int family, uint16_t port, union place *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (family == AF_INET) {
		ret->four.sin_family = AF_INET;
		ret->four.sin_port = htons(port);
		ret->four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(ret->four);
	}
	ret->six.sin6_family = AF_INET6;
	ret->six.sin6_port = htons(port);
	ret->six.sin6_addr = in6addr_loopback;
	return sizeof(ret->six);
}

/* Without SO_REUSEADDR, which would let the agent bind the same port and take the questions.
 * -1: errno. */
static int listen_on(int family, int type, uint16_t port)
{
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1, bytes = RECEIVE_BYTES, saved;
	union place place;
	socklen_t length = loopback(family, port, &place);

	if (fd < 0)
		return -1;
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (type == SOCK_DGRAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	if (bind(fd, &place.any, length) == 0 &&
	    (type == SOCK_DGRAM || listen(fd, BACKLOG) == 0))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static uint16_t port_of(int fd)
{
	union place place = { 0 };
	socklen_t length = sizeof(place);

	if (getsockname(fd, &place.any, &length) < 0)
		return 0;
	return ntohs(place.any.sa_family == AF_INET ? place.four.sin_port
						    : place.six.sin6_port);
}

static bool lacks_family(int number)
{
	return number == EAFNOSUPPORT || number == EADDRNOTAVAIL;
}

/* All four on `port`, or 0: one that the kernel chooses. -1: errno. */
static int listen_all(struct sockets *ret, uint16_t port)
{
	static const struct {
		int family, type;
	} kinds[SOCKETS_LISTENING] = { { AF_INET, SOCK_DGRAM },
				       { AF_INET, SOCK_STREAM },
				       { AF_INET6, SOCK_DGRAM },
				       { AF_INET6, SOCK_STREAM } };

	*ret = (struct sockets){ .port = port };
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int fd = listen_on(kinds[i].family, kinds[i].type, ret->port);

		if (fd < 0 && kinds[i].family == AF_INET6 && lacks_family(errno))
			return 0;
		if (fd < 0) {
			int saved = errno;

			sockets_close(ret);
			errno = saved;
			return -1;
		}
		ret->listening[ret->count++] = fd;
		if (!ret->port)
			ret->port = port_of(fd);
	}
	return 0;
}

int sockets_listen(struct sockets *ret, struct error *err)
{
	int result = listen_all(ret, RULESET_FORWARDER_PORT);

	for (int i = 0; i < TRIES && result < 0 && errno == EADDRINUSE; i++)
		result = listen_all(ret, 0);
	return result < 0 ? error_errno(err, ERROR_KERNEL, errno,
					"a port for DNS on loopback")
			  : 0;
}

void sockets_close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

void sockets_close(struct sockets *sockets)
{
	sockets_close_all(sockets->listening, sockets->count);
	*sockets = (struct sockets){ 0 };
}

static int make_marked(int family, int type)
{
	uint32_t mark = RULESET_SOCKET_MARK;
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), saved;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int sockets_make_pool(int fds[static SOCKETS_POOL], size_t *ret_count, struct error *err)
{
	static const int families[] = { AF_INET, AF_INET6 };
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		for (int j = 0; j < FORWARDER_SOCKETS + FORWARDER_STREAMS; j++) {
			int type = j < FORWARDER_SOCKETS ? SOCK_DGRAM : SOCK_STREAM;
			int fd = make_marked(families[i], type);

			if (fd < 0 && families[i] == AF_INET6 && lacks_family(errno))
				break;
			if (fd < 0) {
				error_errno(err, ERROR_KERNEL, errno, "sockets for DNS");
				sockets_close_all(fds, count);
				return -1;
			}
			fds[count++] = fd;
		}
	*ret_count = count;
	return 0;
}
