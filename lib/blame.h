#pragma once

#include "lib/answers.h"
#include "lib/lease.h"
#include "lib/packet.h"
#include "lib/policy.h"
#include "lib/refusal.h"
#include "lib/resolved.h"
#include "lib/site.h"

/* Why was it refused, by which line, and which line would allow it? From the policy in force, not
 * from the kernel, whose rules keep no names. Pure.
 *
 * The line that would allow it opens no more than what was wanted: the name where one is known
 * (with several the latest; others that nothing denies follow in a YAML comment), that port, that
 * protocol. A question to DNS knows no port: then the name alone, which a comment says. No line
 * is given (NULL) where none would do: what a line denies, what no name may lead to, what has
 * expired behind a guard (asking again opens it), records that no entry can name, and in mode
 * none. The host's ports and those inbound have lines of their own, beside `allow`; so has a name
 * whose addresses changed where no guard follows them.
 *
 * Of a packet the first of these that holds is the reason: it came in; a line denies it; it is for the
 * host, and host_gateway; its port is DNS's; the policy opens it for one of its names, the fence not
 * any more (expired); a name or a literal opens another port of it; a name leads there that may not;
 * its names are denied; it has none, where the guard answers DNS (raw address); no entry. The rule is
 * the line that refused it, or that came near. */

struct blame {
	const struct policy *policy;
	const struct answers *answers; /* as the plan was built with */
	const struct site *site;
	const struct leases *leases;     /* the guard's; else NULL */
	const struct resolved *resolved; /* may be NULL */
};

/* Room for the texts of one refusal. */
struct blame_texts {
	char allow[640];
	char rule[ORIGIN_TEXT];
};

/* Of a packet that the fence refused (or would have: policy audit). Fills all of *ret but time;
 * count is 1. The program is that of whoever asked for its first name last, when the uid is the same.
 * Texts are in `texts`, names borrowed from `by`. */
void blame_packet(const struct blame *by, const struct packet *packet,
		  struct blame_texts *texts, struct refusal *ret);

/* What of it DNS may tell anew at any time: the names that led to an address lately, into refusal->names
 * as blame_packet() has them first; and who asked for the first of all its names, into ->program. */
void blame_names(const struct blame *by, const struct addr *addr,
		 struct refusal *refusal);
void blame_program(const struct blame *by, struct refusal *refusal);

/* Of a question that the guard did not let out, or an answer it did not tell: reason NAME, DENIED,
 * TYPE, LIMIT, PRIVATE (with the address). `entry`: that decided, or NULL. As above; asker may be
 * NULL. */
void blame_question(const struct blame *by, enum refusal_reason reason, const char *host,
		    uint16_t type, const struct addr *addr, const struct entry *entry,
		    const struct asker *asker, struct blame_texts *texts,
		    struct refusal *ret);
