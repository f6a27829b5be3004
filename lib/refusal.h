#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/arena.h"
#include "lib/error.h"
#include "lib/hash.h"

/* A refusal: who wanted what, why it was not given, and the line of policy that would give it. One
 * value for all that was refused in the same way, with a count. As text it is one line of JSON, the
 * form of /run/netpale/refused.jsonl, version 1:
 *
 *	{"version":1,"time":"2026-11-21T16:43:27.120Z","reason":"wrong port","audit":false,
 *	 "uid":1000,"program":"curl","names":["api.example.com"],"address":"198.51.100.7",
 *	 "protocol":"tcp","port":8080,"type":"TXT","count":3,
 *	 "allow":"- api.example.com:8080/tcp","rule":"/etc/netpale/policy.yml:4"}
 *
 * Keys that say nothing are left out; a reader ignores those it does not know. Everything is plain
 * ASCII, so that no reader can be harmed: names are normalised host names, programs escaped, and what
 * still is not plain is escaped here (buf.h escape()). A line of its own says what could not be
 * recorded: {"version":1,"time":"...","lost":123}. */

enum refusal_reason {
	REFUSAL_NO_ENTRY, /* "no entry": no line of the policy opens the address */
	REFUSAL_NAME, /* "name refused": DNS was asked for a name that no line allows */
	REFUSAL_DENIED, /* "denied": a line denies the name or the address; `rule` says which */
	REFUSAL_GATEWAY, /* "host gateway": the container's host, `host_gateway` is closed */
	REFUSAL_PORT,    /* "wrong port": the address is open, not there */
	/* "expired": it was open while its name's answer was fresh; without the guard, the name had
	 * another address at the start */
	REFUSAL_EXPIRED,
	REFUSAL_PRIVATE, /* "private answer": an allowed name led to an address it may not open */
	REFUSAL_RAW,     /* "raw address": no answer of the guard's DNS had it */
	REFUSAL_DNS,     /* "dns": port 53 or 853 of a server that no line names */
	REFUSAL_TYPE,    /* "query type": the name is allowed, such records are not */
	REFUSAL_LIMIT,   /* "tunnel limit": too many names below a wildcard */
	REFUSAL_INBOUND, /* "inbound": somebody outside began it */
	REFUSAL_REASONS,
};
const char *refusal_reason_name(enum refusal_reason reason);
bool refusal_reason_parse(const char *text, enum refusal_reason *ret);

#define REFUSAL_NAMES 8u
#define REFUSAL_PROGRAM 16u /* TASK_COMM_LEN */
#define REFUSAL_LINE 4096u  /* the longest line of JSON, with its end */

struct refusal {
	int64_t time; /* of the last, milliseconds since 1970 */
	uint64_t count;
	enum refusal_reason reason;
	bool audit; /* recorded only: the packet or the question went out */
	bool has_uid;
	uint32_t uid;
	char program[REFUSAL_PROGRAM]; /* as /proc/PID/comm has it; "": not known */
	/* Names that led to the address lately, the latest first: all of them, because who shares
	 * an address cannot be told apart. Of a question to DNS: the one asked for. Borrowed. */
	const char *names[REFUSAL_NAMES];
	size_t name_count;
	bool has_addr; /* else a question to DNS */
	struct addr
		addr; /* where to; REFUSAL_INBOUND: where from; REFUSAL_PRIVATE: the answer */
	uint8_t protocol; /* IPPROTO_; 0: a question to DNS */
	uint16_t port;    /* destination; 0: none */
	uint16_t type;    /* of DNS records, of a question; else 0 */
	const char *
		allow; /* a line of `network` in YAML, or NULL: no line would; borrowed */
	const char *rule; /* "file:line" of what refused it, or NULL; borrowed */
};

/* "tcp", "udp", "icmp", "icmpv6", "sctp", "udplite", else the number. */
const char *refusal_protocol_name(uint8_t protocol, char out[static 4]);
/* "A", "TXT", ... else "TYPE65280", as RFC 3597 writes it. */
#define REFUSAL_TYPE_TEXT 10u
const char *refusal_type_name(uint16_t type, char out[static REFUSAL_TYPE_TEXT]);
/* 0: no such name. */
uint8_t refusal_protocol_parse(const char *text);
uint16_t refusal_type_parse(const char *text);

/* One line without its end. What does not fit is left out: the last names, an `allow` or a `rule`
 * of REFUSAL_TEXT bytes. 0: no memory, or nothing is refused (no address and no name, no count). */
#define REFUSAL_TEXT 640u
size_t refusal_print_json(const struct refusal *refusal, char out[static REFUSAL_LINE]);
/* Reads such a line; texts are copied into `arena`. False: not a line of that version, or one with
 * bytes that are not plain ASCII. A reader goes on with the next. */
bool refusal_parse_json(const char *line, size_t length, struct arena *arena,
			struct refusal *ret);

/* The line that says how many were lost since the last such line. */
size_t refusal_print_lost(int64_t time, uint64_t lost, char out[static REFUSAL_LINE]);
bool refusal_parse_lost(const char *line, size_t length, int64_t *ret_time,
			uint64_t *ret_lost);

/* *ret is `from` with texts of its own, all in the one block that it returns; NULL: no memory. */
char *refusal_copy(const struct refusal *from, struct refusal *ret) MUST_CHECK;

/* Same reason, who, whereto, port, protocol and type, same first name: times differ and counts.
 * Questions for A and AAAA are one: whoever wants addresses asks for both. */
bool refusal_same(const struct refusal *a, const struct refusal *b);
/* The same for what is the same. */
uint64_t refusal_hash(const uint8_t key[static HASH_KEY], const struct refusal *refusal);

/* Is it a question for A or AAAA? */
bool refusal_asks_addresses(const struct refusal *refusal);

/* A packet: "api.example.com:8080/tcp", "198.51.100.7:443/tcp", "[2001:db8::1]:443/tcp",
 * "10.0.0.7 icmp"; of one that came in: "22/tcp from 198.51.100.7". A question: "api.example.com TXT",
 * for addresses "api.example.com", with what it led to "api.example.com A 10.0.0.7". */
#define REFUSAL_TARGET 320u
char *refusal_target(const struct refusal *refusal, char out[static REFUSAL_TARGET]);
