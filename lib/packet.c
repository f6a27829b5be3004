#include "lib/packet.h"

#include <netinet/in.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_log.h>

#include "lib/messages.h"

#define IPV4_BYTES 20
#define IPV4_OFFSET 0x1fff /* of a fragment; the other bits are flags */
#define IPV6_BYTES 40
#define IPV6_OFFSET 0xfff8
#define UDP_BYTES 8

/* Headers in front of what IPv6 carries. Nobody sends so many; each costs the reader a step. */
#define EXTENSIONS_MAX 8
#define UNKNOWN 255

/* What is left of a packet, as far as it was logged. */
struct rest {
	const uint8_t *at;
	size_t length;
};

static uint16_t get16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* False when it is cut before its end: then nothing is left. */
static bool skip(struct rest *rest, size_t length)
{
	bool whole = length <= rest->length;

	rest->at += whole ? length : rest->length;
	rest->length -= whole ? length : rest->length;
	return whole;
}

static bool take_hook(const struct nlmsghdr *m, struct packet *ret)
{
	const struct nlattr *attr = message_find(m, NFULA_PACKET_HDR);
	struct nfulnl_msg_packet_hdr hdr;

	if (!attr || mnl_attr_get_payload_len(attr) < sizeof(hdr))
		return false;
	memcpy(&hdr, mnl_attr_get_payload(attr), sizeof(hdr));
	switch (hdr.hook) {
	case NF_INET_LOCAL_IN:
		ret->hook = PACKET_IN;
		return true;
	case NF_INET_FORWARD:
		ret->hook = PACKET_FORWARD;
		return true;
	case NF_INET_LOCAL_OUT:
		ret->hook = PACKET_OUT;
		return true;
	default:
		return false;
	}
}

/* On other hooks the kernel may name the owner of a socket here: that of the receiver. */
static void take_uid(const struct nlmsghdr *m, struct packet *ret)
{
	const struct nlattr *attr = message_find(m, NFULA_UID);

	if (ret->hook != PACKET_OUT || !attr ||
	    mnl_attr_get_payload_len(attr) < sizeof(ret->uid))
		return;
	memcpy(&ret->uid, mnl_attr_get_payload(attr), sizeof(ret->uid));
	ret->uid = ntohl(ret->uid);
	ret->has_uid = true;
}

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP ||
	       protocol == IPPROTO_UDPLITE || protocol == IPPROTO_SCTP ||
	       protocol == IPPROTO_DCCP;
}

/* `rest` begins behind the headers of IP. */
static void take_ports(struct rest rest, struct packet *ret)
{
	size_t length;

	if (!has_ports(ret->protocol) || rest.length < 4)
		return;
	ret->has_ports = true;
	ret->source_port = get16(rest.at);
	ret->destination_port = get16(rest.at + 2);
	if (ret->protocol != IPPROTO_UDP || rest.length < UDP_BYTES)
		return;
	length = get16(rest.at + 4);
	skip(&rest, UDP_BYTES);
	if (length <= UDP_BYTES)
		return;
	length -= UDP_BYTES;
	ret->data = rest.at;
	ret->length = length < rest.length ? length : rest.length;
}

static bool read_ipv4(struct rest rest, struct packet *ret)
{
	const uint8_t *ip = rest.at;
	size_t header;

	if (rest.length < IPV4_BYTES || ip[0] >> 4 != 4)
		return false;
	header = (size_t)(ip[0] & 15) * 4;
	if (header < IPV4_BYTES)
		return false;
	ret->source = addr_from_bytes(FAMILY_4, ip + 12);
	ret->destination = addr_from_bytes(FAMILY_4, ip + 16);
	ret->protocol = ip[9];
	if ((get16(ip + 6) & IPV4_OFFSET) == 0 && skip(&rest, header))
		take_ports(rest, ret);
	return true;
}

/* How long it is; 0: `type` is no extension header, but what IPv6 carries. At least eight bytes of it
 * lie there. */
static size_t extension_length(uint8_t type, const uint8_t *at)
{
	switch (type) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		return ((size_t)at[1] + 1) * 8;
	case IPPROTO_FRAGMENT:
		return 8;
	case IPPROTO_AH:
		return ((size_t)at[1] + 2) * 4;
	default:
		return 0;
	}
}

static bool is_extension(uint8_t type)
{
	static const uint8_t some[8];

	return extension_length(type, some) > 0;
}

/* What is behind the extension headers: `rest` begins there. A later fragment has nothing behind its
 * own that is worth reading: *ret_later. */
static uint8_t pass_extensions(uint8_t type, struct rest *rest, bool *ret_later)
{
	*ret_later = false;
	for (size_t i = 0; is_extension(type); i++) {
		const uint8_t *at = rest->at;
		uint8_t next;

		if (i == EXTENSIONS_MAX || rest->length < 8)
			return UNKNOWN;
		next = at[0];
		if (type == IPPROTO_FRAGMENT && get16(at + 2) & IPV6_OFFSET) {
			*ret_later = true;
			return is_extension(next) ? UNKNOWN : next;
		}
		/* One that is cut still says what follows: the ports are not reached then. */
		if (!skip(rest, extension_length(type, at)) && is_extension(next))
			return UNKNOWN;
		type = next;
	}
	return type;
}

static bool read_ipv6(struct rest rest, struct packet *ret)
{
	const uint8_t *ip = rest.at;
	bool later;

	if (rest.length < IPV6_BYTES || ip[0] >> 4 != 6)
		return false;
	ret->source = addr_from_bytes(FAMILY_6, ip + 8);
	ret->destination = addr_from_bytes(FAMILY_6, ip + 24);
	skip(&rest, IPV6_BYTES);
	ret->protocol = pass_extensions(ip[6], &rest, &later);
	if (!later)
		take_ports(rest, ret);
	return true;
}

/* The family is that of the hook: what the fence's rules read the packet as. */
static bool take_packet(const struct nlmsghdr *m, struct packet *ret)
{
	const struct nfgenmsg *general = mnl_nlmsg_get_payload(m);
	const struct nlattr *attr = message_find(m, NFULA_PAYLOAD);
	struct rest rest;

	if (!attr)
		return false;
	rest = (struct rest){ mnl_attr_get_payload(attr),
			      mnl_attr_get_payload_len(attr) };
	if (general->nfgen_family == AF_INET)
		return read_ipv4(rest, ret);
	return general->nfgen_family == AF_INET6 && read_ipv6(rest, ret);
}

bool packet_read(const struct nlmsghdr *m, struct packet *ret)
{
	const char *prefix;

	*ret = (struct packet){ 0 };
	if (m->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET) ||
	    mnl_nlmsg_get_payload_len(m) < sizeof(struct nfgenmsg) ||
	    !take_hook(m, ret) || !take_packet(m, ret))
		return false;
	take_uid(m, ret);
	prefix = message_text(m, NFULA_PREFIX);
	ret->answer = prefix && strcmp(prefix, PACKET_ANSWER) == 0;
	return true;
}
