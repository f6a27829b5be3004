#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/host.h"
#include "lib/macros.h"

/* DNS messages (RFC 1035, EDNS RFC 6891, extended errors RFC 8914) as the forwarder needs
 * them, through c-ares' parser. Bytes are hostile from both sides. Pure. */

struct ares_dns_record;

#define DNSMSG_TYPE_A 1
#define DNSMSG_TYPE_PTR 12
#define DNSMSG_TYPE_AAAA 28
/* Records whose types only some entries allow (entry_type_of()): told as upstream has them. */
#define DNSMSG_TYPE_MX 15
#define DNSMSG_TYPE_TXT 16
#define DNSMSG_TYPE_SRV 33

#define DNSMSG_UDP_MIN 512
#define DNSMSG_UDP_MAX 1232 /* what we send and say by UDP at most (DNS flag day 2020) */
#define DNSMSG_BYTES 65535
/* By TCP: a query is small; a longer one ends the connection. */
#define DNSMSG_QUERY_BYTES 4096

/* A client's question. */
struct dnsmsg_question {
	uint16_t id;
	uint16_t type;     /* 0: no question was read, and none is echoed */
	uint8_t opcode;    /* echoed; 0 but in a fault */
	bool recursion;    /* RD, echoed */
	bool edns;         /* it sent OPT, so it gets one */
	uint16_t udp_size; /* what it takes by UDP: DNSMSG_UDP_MIN to DNSMSG_UDP_MAX */
	/* As c-ares shows it, in the client's own letters (0x20): echoed. Room for 255
	 * bytes, each escaped as \DDD. */
	char text[1024];
	/* The same as a host name (host.h); "": it is none, and then it never leaves. */
	char host[HOST_TEXT];
};

enum dnsmsg_read {
	DNSMSG_QUESTION,
	/* To be answered with *ret_rcode: FORMERR; NOTIMP: another opcode or class;
	 * SERVFAIL: out of memory. `ret` holds what was read. */
	DNSMSG_FAULT,
	DNSMSG_NOTHING, /* no query at all: no answer */
};

/* Exactly one question of class IN, opcode QUERY, and besides it nothing but OPT and a
 * signature. */
enum dnsmsg_read dnsmsg_read(const uint8_t *bytes, size_t length,
			     struct dnsmsg_question *ret, int *ret_rcode) MUST_CHECK;

/* Extended errors (RFC 8914), told to clients that sent OPT. */
enum dnsmsg_ede {
	DNSMSG_EDE_NONE = -1,
	DNSMSG_EDE_BLOCKED = 15,
	DNSMSG_EDE_FILTERED = 17,
	DNSMSG_EDE_NO_REACHABLE = 22,
};

enum dnsmsg_rcode {
	DNSMSG_NOERROR = 0,
	DNSMSG_FORMERR = 1,
	DNSMSG_SERVFAIL = 2,
	DNSMSG_NXDOMAIN = 3,
	DNSMSG_NOTIMP = 4,
	DNSMSG_REFUSED = 5,
};

/* The answers of a reply as dnsmsg_write() wrote them, for whoever asks the same name and type again. */
struct dnsmsg_kept {
	const uint8_t *bytes; /* borrowed */
	size_t length;        /* 0: it has none */
	uint16_t count;
};

/* What a reply is made of, besides the question. */
struct dnsmsg_reply {
	enum dnsmsg_rcode rcode;
	enum dnsmsg_ede ede;
	const char *ede_text;     /* NULL: none; 200 bytes of it are told */
	const char *pointer;      /* the answer to PTR, or NULL */
	const struct addr *addrs; /* of the question's type; others are left out */
	size_t count;
	uint32_t ttl;
	/* Whose CNAMEs lead from the question to the addresses, or NULL; whose records answer MX, SRV
	 * and TXT, each written anew from what c-ares read. */
	const struct ares_dns_record *upstream;
	const struct dnsmsg_kept
		*kept; /* instead of all these answers, with `ttl`; or NULL */
};

/* Writes a reply of at most `limit` bytes (by UDP question->udp_size, by TCP
 * DNSMSG_BYTES); one that does not fit becomes an empty one with TC. With another rcode
 * than NOERROR it has no answers. Returns its length; 0 never happens from DNSMSG_UDP_MIN
 * on. */
size_t dnsmsg_write(const struct dnsmsg_question *question,
		    const struct dnsmsg_reply *reply, uint8_t *out, size_t limit);

/* The answers in what dnsmsg_write() wrote for `question`, without an extended error. */
struct dnsmsg_kept dnsmsg_keep(const struct dnsmsg_question *question,
			       const uint8_t *written, size_t length);

/* What an upstream's reply says: see reply.h for what counts. `addrs` has room for
 * `room`. The smallest TTL of addresses and CNAMEs on the way, 0 without addresses.
 * Returns how many; `*ret_rcode` as it said. */
size_t dnsmsg_addresses(const struct ares_dns_record *upstream, struct addr *addrs,
			size_t room, uint32_t *ret_ttl, int *ret_rcode);

/* The same for MX, SRV and TXT: how many records there are to tell. */
size_t dnsmsg_records(const struct ares_dns_record *upstream, uint32_t *ret_ttl,
		      int *ret_rcode);

/* What an answer tells that somebody else got, as bytes: the name that was asked for, as a host name
 * (host.h), and the addresses at the end of its CNAMEs, at most `room`. Returns how many; 0: it is
 * no answer, or cut, or tells none. */
size_t dnsmsg_answer(const uint8_t *bytes, size_t length, char ret_host[static HOST_TEXT],
		     struct addr *addrs, size_t room);

/* DNS over TCP (RFC 7766): messages behind one another, each with its length in front. */
struct dnsmsg_stream {
	uint8_t bytes[2 + DNSMSG_QUERY_BYTES];
	size_t length;
	size_t taken; /* of them: has been handed out */
};
enum dnsmsg_step {
	DNSMSG_MORE, /* nothing whole yet */
	DNSMSG_MESSAGE,
	DNSMSG_BROKEN,
};
/* Where to read to, and how much fits: something always does after DNSMSG_MORE. */
uint8_t *dnsmsg_stream_room(struct dnsmsg_stream *stream, size_t *ret);
/* `stream->length` has grown by what was read. Takes one message off the front: call
 * until DNSMSG_MORE. The message is copied to `out`, which has room for
 * DNSMSG_QUERY_BYTES. */
enum dnsmsg_step dnsmsg_stream_next(struct dnsmsg_stream *stream, uint8_t *out,
				    size_t *ret_length);
