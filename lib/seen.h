#pragma once

#include "lib/arena.h"
#include "lib/policy.h"
#include "lib/refusal.h"
#include "lib/site.h"

/* What was seen, as the record has it (refusal.h), added up by destination and judged by the policy
 * in force: what is used and no line allows yet, and what was wanted and is for a person to decide.
 * A destination is a name where one led to the address, else the address. Pure. */

enum seen_state {
	SEEN_USED,    /* connected to, while audit let it */
	SEEN_DENIED,  /* a line of the policy denies it: `rule` */
	SEEN_REFUSED, /* a fence refused it; never connected to */
	SEEN_CLOSED,  /* connected to, but no line can or should be suggested: `why` */
	SEEN_ASKED,   /* a name that DNS was asked for, and no more */
	SEEN_STATES,
};

/* Programs and names beyond that are not told. */
#define SEEN_PROGRAMS 4u
#define SEEN_OTHERS 4u

struct seen {
	enum seen_state state;
	/* As an entry has them; `entry.host` is NULL for an address. No ports: none were seen. */
	struct entry entry;
	uint64_t count;
	const char *programs[SEEN_PROGRAMS + 1];
	size_t program_count;
	/* Other names of the same addresses: who shares one cannot be told apart. */
	const char *others[SEEN_OTHERS + 1];
	size_t other_count;
	const char *why;
	const struct origin *rule;
};

/* Ports of the container itself or of its host, of which only the ports count. */
struct seen_ports {
	struct seen used, refused; /* entry.ports, count and programs; count 0: nothing */
};

struct sights {
	struct seen *v; /* by state, then names by domain, then addresses */
	size_t count, capacity;
	struct seen_ports inbound, gateway;
};

/* Strings live in `arena` or are borrowed of the rows.
 * ERROR_POLICY as names_build() (names.h). */
int sights_collect(const struct policy *policy, const struct site *site,
		   const struct refusal *rows, size_t count, struct arena *arena,
		   struct sights *ret, struct error *err) MUST_CHECK;
void sights_release(struct sights *sights);

/* Of names by their labels from the end, so that a domain's stand together, before addresses. */
int seen_compare(const struct entry *a, const struct entry *b);

/* Adds a text to a list that has room for `most` and one more, which stands for the rest; each
 * once. */
void seen_add_text(const char **list, size_t *count, size_t most, const char *text);
