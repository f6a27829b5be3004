#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include "entrypoint/asker.h"
#include "entrypoint/netlink_socket.h"
#include "tests/fuzz/fuzz.h"

/* Wraps: recv send netlink_socket_open */
/* Both answers of the kernel about who has a port: the user is one that stands in them, beside that
 * port, and nobody where none does. The first two bytes say how long the first answer is. */

#define PORT 5353

static struct {
	const uint8_t *bytes;
	size_t length;
} answers[2];
static unsigned asked;

int __wrap_netlink_socket_open(struct netlink *ret, int protocol);
ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t room, int flags);

int __wrap_netlink_socket_open(struct netlink *ret, int protocol)
{
	PROMISE(protocol == NETLINK_SOCK_DIAG);
	ret->fd = -1;
	return 0;
}

ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags)
{
	const struct nlmsghdr *m = bytes;

	(void)fd;
	(void)flags;
	PROMISE(m->nlmsg_len == length && m->nlmsg_type == SOCK_DIAG_BY_FAMILY);
	return (ssize_t)length;
}

ssize_t __wrap_recv(int fd, void *bytes, size_t room, int flags)
{
	size_t length;

	(void)fd;
	PROMISE(asked < 2 && (flags & MSG_DONTWAIT));
	length = answers[asked].length < room ? answers[asked].length : room;
	memcpy(bytes, answers[asked].bytes, length);
	asked++;
	errno = EAGAIN;
	return length ? (ssize_t)length : -1;
}

/* Does a socket of that user that may ask stand anywhere in what the kernel said? */
static bool stands_there(uint32_t uid)
{
	struct inet_diag_msg socket;

	for (size_t i = 0; i < asked; i++)
		for (size_t at = 0; at + sizeof(socket) <= answers[i].length; at += 4) {
			memcpy(&socket, answers[i].bytes + at, sizeof(socket));
			if (socket.idiag_uid == uid && socket.idiag_inode &&
			    ntohs(socket.id.idiag_sport) == PORT &&
			    (socket.id.idiag_dport == 0 ||
			     ntohs(socket.id.idiag_dport) == 53))
				return true;
		}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct asker asker, again;
	pid_t last = 0;
	size_t first;

	if (length < 2)
		return 0;
	first = (size_t)bytes[0] | (size_t)bytes[1] << 8;
	bytes += 2;
	length -= 2;
	first = first < length ? first : length;
	answers[0].bytes = bytes;
	answers[0].length = first;
	answers[1].bytes = bytes + first;
	answers[1].length = length - first;
	asked = 0;
	asker_find(PORT, bytes[-2] & 1, NULL, &last, &asker);
	PROMISE(asked == 1 || asked == 2);
	PROMISE(last == 0 && asker.program[0] == '\0');
	PROMISE(!asker.has_uid || stands_there(asker.uid));
	/* No answer is nobody. */
	asked = 0;
	answers[1].length = 0;
	answers[0].length = 0;
	asker_find(PORT, false, NULL, &last, &again);
	PROMISE(!again.has_uid);
	return 0;
}
