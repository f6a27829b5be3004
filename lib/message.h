#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/error.h"
#include "lib/host.h"

/* The whole contract between the guard, which holds the privilege, and the forwarder, which reads
 * what the network sends: one message, one packet of a SOCK_SEQPACKET pair. Pure: bytes in, value
 * out. Whoever receives checks every length, count, range and text here; what a message may cause
 * the guard decides by its policy, whoever sent it.
 *
 *	guard                                   forwarder
 *	SERVE: whom to ask, with descriptors -->
 *	                                    <-- READY: confined, and serving
 *	                                    <-- ASK: may this name be asked?
 *	VERDICT                             -->
 *	                                    <-- LEARN: what the answer says
 *	LEARNED: what may be told, and is open ->
 *	FORGET: nothing is told again        -->
 *	PING                                -->
 *	                                    <-- ALIVE: counters
 */

enum message_type {
	MESSAGE_SERVE = 1,
	MESSAGE_READY,
	MESSAGE_ASK,
	MESSAGE_VERDICT,
	MESSAGE_LEARN,
	MESSAGE_LEARNED,
	MESSAGE_PING,
	MESSAGE_ALIVE,
	MESSAGE_FORGET,
};

/* What becomes of a question. */
enum message_verdict {
	VERDICT_FORWARD, /* ask upstream; LEARN its addresses, tell other records */
	VERDICT_REFUSED, /* NXDOMAIN: the policy does not allow the name */
	VERDICT_NO_DATA, /* the name is allowed, that type is not served */
	VERDICT_LIMITED, /* REFUSED: too many names below one wildcard */
	VERDICT_POINTER, /* PTR: `host` */
	VERDICT_DENIED,  /* NXDOMAIN: an entry denies the name */
	VERDICT_COUNT,
};

#define MESSAGE_UPSTREAMS 16
/* Addresses of one reply; more are left out. 64 KiB of DNS hold 4,000, no client wants them. */
#define MESSAGE_ADDRS 256
#define MESSAGE_BYTES 8192 /* the longest message */

struct message_counters {
	uint64_t questions, answered, refused,
		failed,             /* no usable reply from any upstream */
		malformed, dropped; /* no room for another question */
};

struct message {
	enum message_type type;
	/* ASK, LEARN and their answers: the forwarder's own number for the question. */
	uint32_t number;
	uint16_t qtype; /* ASK, LEARN */
	/* ASK: the client's own port, and whether it asks by TCP: its socket tells who it is. */
	uint16_t port;
	bool stream;
	enum message_verdict verdict; /* VERDICT */
	uint32_t ttl; /* LEARN: the smallest of the reply; LEARNED: to tell */
	uint32_t
		keep; /* LEARNED: seconds for which it may be told again; 0: not at all */
	char host[HOST_TEXT]; /* ASK, LEARN: normalised; VERDICT_POINTER; else "" */
	/* LEARN: what the reply gave; LEARNED: those of them that may be told (a LEARN for which
	 * the kernel took nothing is answered with `failed`); SERVE: upstreams on port 53. */
	struct addr addrs[MESSAGE_ADDRS];
	size_t count;
	bool failed;                      /* LEARNED: tell the client SERVFAIL */
	struct message_counters counters; /* ALIVE */
};

/* Returns the length; the message must be as described above. */
size_t message_encode(const struct message *message, uint8_t out[static MESSAGE_BYTES]);

/* -1 with ERROR_POLICY ("LEARN: ...") for whatever encode would not have written; *ret is unspecified
 * then. */
int message_decode(const uint8_t *bytes, size_t length, struct message *ret,
		   struct error *err) MUST_CHECK;

const char *message_name(enum message_type type); /* "ASK" */
