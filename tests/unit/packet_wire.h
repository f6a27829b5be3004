#pragma once

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_log.h>

#include "lib/messages.h"
#include "tests/unit/dns_wire.h"

/* Records of the packet log for the tests, put together byte by byte as the kernel does. */

#define RECORD_TYPE (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET)

static inline void record_attr(struct wire *w, uint16_t type, const void *bytes,
			       size_t length)
{
	const struct nlattr attr = { (uint16_t)(sizeof(attr) + length), type };

	wire_put(w, &attr, sizeof(attr));
	wire_put(w, bytes, length);
	wire_put(w, "\0\0\0", (4 - length % 4) % 4);
}

static inline void record_end(struct wire *w)
{
	const uint32_t length = (uint32_t)w->length;

	memcpy(w->bytes, &length, sizeof(length));
}

/* Without payload. */
static inline void record_begin(struct wire *w, uint8_t family, uint8_t hook,
				const char *prefix)
{
	const struct nlmsghdr m = { .nlmsg_type = RECORD_TYPE };
	const struct nfgenmsg general = { .nfgen_family = family };
	const struct nfulnl_msg_packet_hdr hdr = { .hook = hook };

	w->length = 0;
	wire_put(w, &m, sizeof(m));
	wire_put(w, &general, sizeof(general));
	record_attr(w, NFULA_PACKET_HDR, &hdr, sizeof(hdr));
	record_attr(w, NFULA_PREFIX, prefix, strlen(prefix) + 1);
	record_end(w);
}

static inline void record_uid(struct wire *w, uint32_t uid)
{
	uid = htonl(uid);
	record_attr(w, NFULA_UID, &uid, sizeof(uid));
	record_end(w);
}

static inline void record_payload(struct wire *w, const struct wire *packet,
				  size_t length)
{
	record_attr(w, NFULA_PAYLOAD, packet->bytes, length);
	record_end(w);
}

/* Headers, 192.0.2.2 to 198.51.100.10 and 2001:db8::2 to 2001:db8:1::10, with a zero checksum. */
static inline void ipv4_header(struct wire *w, unsigned words, unsigned fragment,
			       uint8_t protocol)
{
	const uint8_t fixed[] = { (uint8_t)(0x40 | words), 0, 0, 0, 0, 1 };
	const uint8_t rest[] = { 64, protocol, 0, 0, 192, 0, 2, 2, 198, 51, 100, 10 };

	w->length = 0;
	wire_put(w, fixed, sizeof(fixed));
	wire16(w, fragment);
	wire_put(w, rest, sizeof(rest));
	for (unsigned i = 5; i < words; i++)
		wire_put(w, "\1\1\1\1", 4);
}

static inline void ipv6_header(struct wire *w, uint8_t next)
{
	const uint8_t fixed[] = { 0x60, 0, 0, 0, 0, 0, next, 64 };
	uint8_t addrs[32];

	inet_pton(AF_INET6, "2001:db8::2", addrs);
	inet_pton(AF_INET6, "2001:db8:1::10", addrs + 16);
	w->length = 0;
	wire_put(w, fixed, sizeof(fixed));
	wire_put(w, addrs, sizeof(addrs));
}

/* Of eight bytes and `more` times eight. */
static inline void ipv6_extension(struct wire *w, uint8_t next, uint8_t more)
{
	const uint8_t begin[] = { next, more };

	wire_put(w, begin, sizeof(begin));
	for (unsigned i = 0; i < 6 + more * 8u; i++)
		wire_put(w, "", 1);
}

static inline void ipv6_fragment(struct wire *w, uint8_t next, unsigned offset)
{
	const uint8_t begin[] = { next, 0 };

	wire_put(w, begin, sizeof(begin));
	wire16(w, offset << 3 | 1);
	wire32(w, 7);
}

static inline void udp_header(struct wire *w, unsigned source, unsigned destination,
			      unsigned carried)
{
	wire16(w, source);
	wire16(w, destination);
	wire16(w, carried + 8);
	wire16(w, 0);
}
