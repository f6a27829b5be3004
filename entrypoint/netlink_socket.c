#include "entrypoint/netlink_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

#include <libmnl/libmnl.h>

#include "lib/messages.h"

/* The kernel fills at most 32 KiB of a dump at once, if the reader's buffer is that
 * large. */
#define DUMP_STEP (32u * 1024)

/* A fence of 200,000 entries takes a sixth of that: a dump that is longer has no end. */
#define DUMP_MAX (256u << 20)

int netlink_socket_open(struct netlink *netlink, int bus)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int one = 1;

	netlink->room = 0;
	netlink->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, bus);
	if (netlink->fd < 0)
		return -1;
	/* Bound to any number, connected to the kernel's: nobody else can write to it. */
	if (bind(netlink->fd, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0 ||
	    connect(netlink->fd, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0) {
		netlink_socket_close(netlink);
		return -1;
	}
	/* An error need not bring the whole refused message back, but the reason is
	 * welcome. Old kernels know neither: nothing is lost. */
	(void)setsockopt(netlink->fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	(void)setsockopt(netlink->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	return 0;
}

void netlink_socket_close(struct netlink *netlink)
{
	int saved = errno;

	if (netlink->fd >= 0)
		close(netlink->fd);
	netlink->fd = -1;
	errno = saved;
}

void netlink_drain(struct netlink *netlink)
{
	char scrap[64];

	/* ENOBUFS is a mark between messages, not the end of them. */
	while (recv(netlink->fd, scrap, sizeof(scrap), MSG_DONTWAIT) >= 0 ||
	       errno == ENOBUFS || errno == EINTR)
		;
}

/* One read's worth of messages: 1 the dump goes on, 0 it is complete, -1 errno. */
static int look_at(const char *bytes, size_t length, bool *cut)
{
	const struct nlmsghdr *m;

	for (size_t at = 0; (m = messages_next(bytes, length, &at));) {
		if (m->nlmsg_flags & NLM_F_DUMP_INTR)
			*cut = true;
		if (m->nlmsg_type != NLMSG_ERROR && m->nlmsg_type != NLMSG_DONE)
			continue;
		errno = message_errno(m);
		return errno ? -1 : 0;
	}
	return 1;
}

static ssize_t read_step(struct netlink *netlink, struct buf *out)
{
	char *at = buf_reserve(out, DUMP_STEP);
	ssize_t got;

	if (!at) {
		errno = ENOMEM;
		return -1;
	}
	/* The kernel writes while we read: nothing to read means that it fell silent. */
	do {
		got = recv(netlink->fd, at, DUMP_STEP, MSG_DONTWAIT | MSG_TRUNC);
	} while (got < 0 && errno == EINTR);
	out->length -= DUMP_STEP;
	if (got > (ssize_t)DUMP_STEP) {
		errno = EMSGSIZE;
		return -1;
	}
	if (got > 0)
		out->length += (size_t)got;
	return got;
}

enum dump_result netlink_read_dump(struct netlink *netlink,
				   const struct nlmsghdr *request, struct buf *out)
{
	bool cut = false;
	int more = 1;

	netlink_drain(netlink);
	if (send(netlink->fd, request, request->nlmsg_len, 0) < 0)
		return DUMP_FAILED;
	while (more > 0) {
		ssize_t got = read_step(netlink, out);

		if (got <= 0)
			return DUMP_FAILED;
		if (out->length > DUMP_MAX) {
			errno = EMSGSIZE;
			return DUMP_FAILED;
		}
		more = look_at(out->data + out->length - got, (size_t)got, &cut);
	}
	if (more < 0 && errno != EINTR)
		return DUMP_FAILED;
	return cut || more < 0 ? DUMP_CUT : DUMP_DONE;
}

const struct nlmsghdr *netlink_ask(struct netlink *netlink, void *bytes, size_t size)
{
	const struct nlmsghdr *m = bytes;
	size_t at = 0;
	ssize_t got;
	bool cut;

	netlink_drain(netlink);
	if (send(netlink->fd, m, m->nlmsg_len, 0) < 0)
		return NULL;
	do {
		got = recv(netlink->fd, bytes, size, MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	if (got < 0 || look_at(bytes, (size_t)got, &cut) < 0)
		return NULL;
	m = messages_next(bytes, (size_t)got, &at);
	if (!m)
		errno = EBADMSG;
	return m;
}
