#include <netinet/in.h>

#include "lib/buf.h"
#include "lib/macros.h"
#include "lib/messages.h"
#include "lib/packet.h"
#include "tests/fuzz/fuzz.h"

/* What a socket of the packet log gives: messages one behind the other. What is read of one lies
 * within it. */

static void check(const struct nlmsghdr *m, const struct packet *packet)
{
	/* What fills a message up belongs to it. */
	const uint8_t *begin = (const void *)m,
		      *end = begin + NLMSG_ALIGN((size_t)m->nlmsg_len);

	PROMISE(packet->hook == PACKET_IN || packet->hook == PACKET_FORWARD ||
		packet->hook == PACKET_OUT);
	PROMISE(packet->source.family == packet->destination.family);
	PROMISE(packet->source.value <= addr_max(packet->source.family));
	PROMISE(packet->destination.value <= addr_max(packet->source.family));
	PROMISE(!packet->has_uid || packet->hook == PACKET_OUT);
	PROMISE(!packet->has_ports || packet->protocol != 255);
	PROMISE(packet->has_ports || (!packet->source_port && !packet->destination_port));
	if (!packet->length)
		return;
	PROMISE(packet->protocol == IPPROTO_UDP && packet->has_ports);
	PROMISE(packet->data > begin && packet->data < end);
	PROMISE(packet->length <= (size_t)(end - packet->data));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct buf all CLEANUP(buf_release) = { 0 };
	const struct nlmsghdr *m;
	struct packet packet;

	/* Messages lie aligned, as they do when they are received. */
	buf_add(&all, bytes, length);
	for (size_t at = 0; all.length && (m = messages_next(all.data, all.length, &at));)
		if (packet_read(m, &packet))
			check(m, &packet);
	return 0;
}
