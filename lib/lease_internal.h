#pragma once

#include <string.h>

#include "lib/lease.h"

/* How the leases are kept: items in two arrays, joined by their indexes, which halves what pointers
 * would take and survives that the arrays move. A lease is
 *  - in the chain of its bucket, by its address: all leases of an address are in one chain, which
 *    says all there is to know of the address's elements;
 *  - in the list of its name, the one seen last first;
 *  - live: in the wheel's list for the second in which it ends; lapsed: in the list of those, the
 *    first to end first.
 * Names are in a list too, the one asked for last first. */

#define NONE UINT32_MAX
#define CLASSES 32u

/* One second each. No lease has more time left than the wheel goes round, so whatever is in the
 * list of a second ends in it. */
#define WHEEL 4096u
_Static_assert((LEASE_CAP_MS + LEASE_GRACE_MS) / 1000 + 1 < WHEEL, "a longer wheel");
_Static_assert(LEASE_UNSEEN_MS / 1000 + 1 < WHEEL, "a longer wheel");

/* What the kernel may hold an element longer than the table says: it begins to count later. */
#define SLACK_S 2u

/* A ring: what is before the first is the last. */
struct links {
	uint32_t previous, next;
};

enum record_state {
	RECORD_NEW,  /* in no list of time yet; or not in use */
	RECORD_LIVE, /* better than what follows */
	RECORD_LAPSED,
};

struct record {
	uint32_t value[4]; /* struct addr's, which would want another alignment */
	uint32_t name : 24, state : 2, six : 1;
	uint32_t classes;
	uint32_t ends, seen; /* seconds */
	uint32_t chain;
	struct links of_name, of_time;
};

struct name {
	char *host;
	uint32_t hash, chain;
	uint32_t asked;
	uint32_t soonest; /* no lease that may be extended unseen ends before */
	uint32_t first, count;
	struct links by_asked;
};

/* What the constants of lease.h say; smaller in tests. */
struct lease_limits {
	uint32_t name_addrs, addr_names, elements, names, live, lapsed;
};

struct table {
	uint32_t *buckets;
	uint32_t mask;
	uint32_t free;         /* by `chain` */
	size_t used, capacity; /* of the array */
};

struct leases {
	uint8_t key[HASH_KEY];
	struct lease_limits limits;
	struct record *records;
	struct name *names;
	struct table by_addr, by_host;
	uint32_t wheel[WHEEL];
	uint32_t lapsed, asked; /* the first of these lists */
	uint32_t clock;         /* seconds: up to here is expired */
	/* Until then the kernel may hold what the table does not know of. */
	uint32_t doubt;
	struct lease_counts counts;
	struct lease_ops added; /* of the leases_learn() under way */
	uint32_t *order;        /* of the walk under way */
	size_t ordered;
};

struct leases *leases_new_limited(const uint8_t key[static HASH_KEY],
				  const struct lease_limits *limits) MUST_CHECK;

/* lease_store.c: the lists. Nothing here knows the kernel. */

bool store_reserve(struct leases *leases,
		   size_t records); /* and one name; false: no memory */
uint32_t store_find_name(const struct leases *leases, const char *host);
/* Finds it or makes it, and puts it in front of those asked. NONE: no memory. */
uint32_t store_ask(struct leases *leases, const char *host);

/* The first lease of an address, and the next one of the same; NONE. */
uint32_t store_first(const struct leases *leases, const struct addr *addr);
uint32_t store_next(const struct leases *leases, uint32_t record);
struct addr store_addr(const struct record *record);

/* A lease without classes and time; room must be reserved. */
uint32_t store_attach(struct leases *leases, uint32_t name, const struct addr *addr);
void store_see(struct leases *leases, uint32_t record);
void store_set_end(struct leases *leases, uint32_t record, uint32_t ends);
void store_lapse(struct leases *leases, uint32_t record); /* to the end of the lapsed */
/* The lease is gone; with it its name if it was the last one. */
void store_forget(struct leases *leases, uint32_t record);
uint32_t store_last_of_name(const struct leases *leases, uint32_t name);
uint32_t store_last_asked(const struct leases *leases);

/* What the other leases of an address say of its elements. */
struct survey {
	uint32_t ends[CLASSES]; /* 0: no live lease has the class */
	uint32_t known;         /* classes of any lease, live or lapsed */
};
/* Of all leases of the address but `without` (NONE: of all). */
void lease_survey(const struct leases *leases, uint32_t first, uint32_t without,
		  struct survey *ret);

/* leases_learn() under way; elsewhere nothing but `leases` is set. */
struct change {
	struct leases *leases;
	int64_t now;
	uint32_t name;
	uint32_t need;   /* what ends before is extended, */
	uint32_t until;  /* to there */
	uint32_t lowest; /* end of the reply's leases */
	uint32_t fresh;  /* leases of the reply: the first ones of the name's list */
	struct lease_ops *ops; /* NULL: the kernel is not told */
	bool failed;
};

/* lease_room.c: evictions. */
void room_of_address(struct change *change, uint32_t record); /* which is new */
void room_make(struct change *change);
/* The classes of a live lease, without it: removes and shortens elements. */
void room_close(struct change *change, uint32_t record);
void doubt_until(struct leases *leases, uint32_t second);
bool ops_add(struct lease_ops *ops, const struct lease_op *op);
uint32_t lease_left(uint32_t ends, int64_t now); /* milliseconds */
