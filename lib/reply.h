#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/arena.h"

/* What a DNS reply says about its question: the records of the type that was asked for, addresses,
 * MX, SRV or TXT, whose owner is the name in the question or where its CNAMEs lead within this
 * reply's answers. Whatever else stands in it, in whichever section, counts for nothing. */

struct ares_dns_record;
struct ares_dns_rr;

/* As many CNAMEs as BIND follows. */
#define REPLY_ALIASES 16

/* The way from the question to its records. Borrows from the reply. */
struct reply_way {
	/* The name in the question, then what each CNAME says; texts as c-ares has them,
	 * not longer than a host name. */
	const char *names[REPLY_ALIASES + 1];
	size_t aliases;
	uint16_t type; /* that was asked for */
	uint32_t ttl;  /* the smallest of the CNAMEs; UINT32_MAX: there is none */
};

/* False when it leads nowhere: another type was asked for, a circle, too many CNAMEs, a
 * name that is too long. Costs at most REPLY_ALIASES times the records. */
bool reply_way(const struct ares_dns_record *reply, struct reply_way *ret);

/* Record `i` of the answers if it stands at its end, else NULL. Lowers *ttl to its. */
const struct ares_dns_rr *reply_record(const struct ares_dns_record *reply,
				       const struct reply_way *way, size_t i,
				       uint32_t *ttl);

/* The addresses at its end, as they come, at most `room`. Lowers *ttl to theirs. */
size_t reply_take(const struct ares_dns_record *reply, const struct reply_way *way,
		  struct addr *addrs, size_t room, uint32_t *ttl);

/* Both: at most ANSWER_ADDRS_MAX, in `arena`; no address at all is no failure. NULL: out
 * of memory. */
const struct addr *reply_addresses(const struct ares_dns_record *reply,
				   struct arena *arena, size_t *ret_count) MUST_CHECK;
