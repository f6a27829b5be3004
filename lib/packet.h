#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

/* One record of the kernel's packet log (NFLOG: linux/netfilter/nfnetlink_log.h, nf_log and
 * nfnetlink_log.c): what the fence refused, or a DNS answer it let in. The packet in it is cut after
 * some bytes and was written by the agent or by a stranger: every length is checked. Pure. */

struct nlmsghdr;

/* The prefix of a rule that logs DNS answers and refuses nothing (ruleset.h). */
#define PACKET_ANSWER "netpale answer"

enum packet_hook {
	PACKET_IN,
	PACKET_FORWARD,
	PACKET_OUT,
};

struct packet {
	enum packet_hook hook;
	bool answer; /* logged with PACKET_ANSWER */
	struct addr source, destination;
	/* IPPROTO_ of what IP carries, behind IPv6's extension headers; 255 where they are cut,
	 * or more than anybody sends. */
	uint8_t protocol;
	bool has_ports; /* TCP, UDP, UDP-Lite, SCTP, DCCP, and not a later fragment */
	uint16_t source_port, destination_port;
	bool has_uid; /* of whoever made the socket; never PACKET_IN and PACKET_FORWARD */
	uint32_t uid;
	const uint8_t *data; /* UDP: what it carries, as far as it was logged; borrowed */
	size_t length;
};

/* False for any other message and for a record without a readable IP header. */
bool packet_read(const struct nlmsghdr *m, struct packet *ret);
