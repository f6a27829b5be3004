#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/addr.h"
#include "lib/arena.h"

/* Host -> addresses, as resolved: a plain, sorted value. */

enum answer_state {
	ANSWER_OK, /* at least one address */
	ANSWER_NXDOMAIN,
	ANSWER_NODATA, /* the name exists, without A and AAAA */
	ANSWER_SERVFAIL,
	ANSWER_REFUSED,
	ANSWER_UNREACHABLE, /* no server could even be asked */
	ANSWER_TIMEOUT,     /* no usable reply before the deadline */
	ANSWER_UNKNOWN,     /* not in the answers file */
};

struct answer {
	const char *host;         /* normalised */
	const struct addr *addrs; /* sorted, without duplicates */
	size_t count;
	enum answer_state state; /* OK when either family answered */
	/* Known without DNS, from a hosts file: with dns: guarded only such addresses are opened
	 * from the start, what DNS says is looked at for `required` alone. */
	bool fixed;
};

struct answers {
	struct answer *v; /* sorted by host */
	size_t count;
};

/* More addresses for one name are left out; a note of plan_build() says so. */
#define ANSWER_ADDRS_MAX 1000

const struct answer *answers_find(const struct answers *answers, const char *host);
bool answer_has(const struct answer *answer, const struct addr *addr);
const char *answer_state_name(enum answer_state state); /* "NXDOMAIN", "timed out" ... */

/* Sorts hosts (in place) and addresses, drops duplicate addresses, merges repeated hosts. */
int answers_normalise(struct answers *answers, struct arena *arena, struct error *err)
	MUST_CHECK;

/* hosts(5) lines: ADDR NAME [NAME...], '#' comments; all are fixed. Errors are ERROR_POLICY with
 * "source:line". Names that are no host names are an error too. */
int answers_parse(const char *bytes, size_t length, const char *source,
		  struct arena *arena, struct answers *ret, struct error *err) MUST_CHECK;

/* The same lines, one address and one name each; a host without address becomes
 * "# HOST: NXDOMAIN". print(parse(x)) is stable. */
struct buf;
void answers_print(const struct answers *answers, struct buf *out);
