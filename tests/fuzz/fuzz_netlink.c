#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "entrypoint/netlink.h"
#include "entrypoint/netlink_socket.h"
#include "lib/counts.h"
#include "lib/macros.h"
#include "lib/messages.h"
#include "lib/neighbours.h"
#include "tests/fuzz/fuzz.h"

/* Wraps: recv send netlink_socket_open */
/* What the kernel answers, in the pieces that it chooses and with errors between them: each reading ends,
 * and what it gives is whole messages, of our table where it asked for that, and a place within its
 * bounds. The first byte says what is read; each piece has its length in front, 255 is an error. */

static struct {
	const uint8_t *at, *end;
} kernel;

int __wrap_netlink_socket_open(struct netlink *ret, int bus);
ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t room, int flags);

int __wrap_netlink_socket_open(struct netlink *ret, int bus)
{
	(void)bus;
	*ret = (struct netlink){ .fd = -1 };
	return 0;
}

ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags)
{
	const struct nlmsghdr *m = bytes;

	(void)fd;
	(void)flags;
	PROMISE(m->nlmsg_len == length && (m->nlmsg_flags & NLM_F_REQUEST));
	return (ssize_t)length;
}

#define DRAIN 64 /* of netlink_drain(): nothing is left over */

ssize_t __wrap_recv(int fd, void *bytes, size_t room, int flags)
{
	static const int errors[] = { EAGAIN, ENOBUFS, ENOMEM, EINTR };
	size_t length;

	(void)fd;
	PROMISE(flags & MSG_DONTWAIT);
	errno = EAGAIN;
	if (room == DRAIN || kernel.at == kernel.end)
		return -1;
	length = *kernel.at++;
	if (length == 255) {
		errno = errors[kernel.at < kernel.end ? *kernel.at++ % 4 : 0];
		return -1;
	}
	length *= 4;
	if (length > (size_t)(kernel.end - kernel.at))
		length = (size_t)(kernel.end - kernel.at);
	if (length > room)
		length = room;
	if (length)
		memcpy(bytes, kernel.at, length);
	kernel.at += length;
	return (ssize_t)length;
}

static void check_messages(const struct buf *bytes, bool ours)
{
	const struct nlmsghdr *m;
	size_t at = 0;

	while (bytes->length && (m = messages_next(bytes->data, bytes->length, &at)))
		if (ours && NFNL_MSG_TYPE(m->nlmsg_type) == NFT_MSG_NEWTABLE)
			PROMISE(message_text(m, NFTA_TABLE_NAME) &&
				strcmp(message_text(m, NFTA_TABLE_NAME), RULESET_TABLE) ==
					0);
	PROMISE(!ours || at == bytes->length);
}

static void read_site(void)
{
	struct site site = { 0 };
	struct error err;

	if (netlink_read_site(&site, &err) < 0)
		return;
	PROMISE(site.own_count <= SITE_MAX && site.attached_count <= SITE_MAX);
	PROMISE(site.gateway_count <= SITE_MAX && site.resolver_count == 0);
	for (size_t i = 0; i < site.attached_count; i++) {
		const struct prefix *net = &site.attached[i];

		PROMISE(net->length <= addr_bits(net->base.family));
		PROMISE(net->base.value <= addr_max(net->base.family));
		PROMISE(site_is_on_link(&site, &net->base));
	}
	for (size_t i = 0; i < site.gateway_count; i++)
		PROMISE(site.gateways[i].value <= addr_max(site.gateways[i].family) &&
			site_is_gateway(&site, &site.gateways[i]));
	for (size_t i = 0; i < site.own_count; i++)
		PROMISE(site.own[i].value <= addr_max(site.own[i].family) &&
			site_is_own(&site, &site.own[i]));
}

static void read_counts(struct netlink *netlink)
{
	struct buf bytes CLEANUP(buf_release) = { 0 };
	struct counts counts CLEANUP(counts_release) = { 0 };
	struct error err;

	if (netlink_read_counts(netlink, &bytes, &err) == 0 && bytes.length)
		PROMISE(counts_read(bytes.data, bytes.length, &counts, &err) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	CLEANUP(netlink_closep) struct netlink *netlink = NULL;
	struct dump dump CLEANUP(dump_release) = { 0 };
	struct error err;
	bool exists;

	if (length == 0)
		return 0;
	kernel.at = bytes + 1;
	kernel.end = bytes + length;
	PROMISE(netlink_open(&netlink, &err) == 0);
	switch (bytes[0] % 6) {
	case 0:
		read_site();
		break;
	case 1:
		read_counts(netlink);
		break;
	case 2:
		(void)!netlink_table_exists(netlink, &exists, &err);
		break;
	case 3:
		if (netlink_read_frame(netlink, &dump, &err) == 0)
			check_messages(&dump.bytes, true);
		break;
	case 4:
		if (netlink_dump(netlink, &dump, &err) == 0)
			check_messages(&dump.bytes, false);
		break;
	default:
		if (netlink_dump_all(netlink, &dump, &err) == 0)
			check_messages(&dump.bytes, false);
	}
	return 0;
}
