#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/error.h"
#include "lib/hash.h"

/* Which address is open for which name until when: what the guard has learned from DNS. Pure:
 * time is a parameter (milliseconds of any clock that only goes forward), and what has to change
 * in the kernel comes out as a list of operations.
 *
 * A lease belongs to a name and one of its addresses and opens that address's classes
 * (permit.h) until it ends. A name asked for again extends all its live leases, also those of
 * addresses that the newest answer no longer has, because clients fail over inside an older
 * answer; those at most LEASE_UNSEEN_MS after they were seen last. Expiry only moves forward. A
 * lease that has ended opens nothing; it is remembered as lapsed, so that after a change of policy
 * flows that live on can be told from others.
 *
 * The table says what the kernel holds: an element (address and class) ends there with the last of
 * its live leases. So that a name asked for again and again costs no operation each time, its leases
 * are extended only when less than LEASE_RENEW_MS and the grace are left of them, and clients are
 * told no more than what is left. Times are kept in whole seconds; an end is rounded up.
 *
 * Everything is bounded: the oldest, by when their name was asked for last, go first. Names and
 * addresses are found by a keyed hash: nobody can choose them so that it becomes slow. */

#ifndef LEASE_FLOOR_MS /* a build for tests brings shorter ones, see tests/CMakeLists.txt */
#define LEASE_FLOOR_MS (300u * 1000) /* an address stays open at least that long, */
#define LEASE_CAP_MS (3600u * 1000)  /* at most that long without being seen again, */
#define LEASE_GRACE_MS (60u * 1000)  /* and this much longer than clients are told */
#define LEASE_UNSEEN_MS (3600u * 1000)
#define LEASE_TOLD_MIN 60u /* seconds: the TTL that clients are told */
#define LEASE_TOLD_MAX 300u
#endif
#define LEASE_RENEW_MS (LEASE_FLOOR_MS / 2)

#define LEASE_NAME_ADDRS 1000u /* addresses of one name; that seen longest ago goes */
#define LEASE_ADDR_NAMES 16u   /* names of one address; lapsed ones go first */
#define LEASE_ADDRS 65536u     /* elements (address and class) in all */
#define LEASE_NAMES 65536u
#define LEASE_LIVE 131072u /* live leases in all */
#define LEASE_LAPSED 4096u /* leases remembered after their end; the first to end goes */

struct leases;

/* `key`: random bytes that nobody else knows. NULL: no memory. */
struct leases *leases_new(const uint8_t key[static HASH_KEY]) MUST_CHECK;
void leases_free(struct leases *leases);
DEFINE_FREEP(leases)

struct lease_addr {
	struct addr addr;
	uint32_t classes; /* bit i: class i; never 0 */
};

/* One change to the kernel's set of one class. */
struct lease_op {
	struct addr addr;
	uint8_t class;
	bool remove;
	bool refresh; /* the set may hold it already, with another end */
	bool shorter; /* with `refresh`: the lease that had more time was evicted */
	uint32_t timeout_ms; /* not with `remove` */
};

struct lease_ops {
	struct lease_op *v; /* owned by the caller: free(v) */
	size_t count, capacity;
};

/* What a reply for `host` (normalised) gave. Appends to `ops` what the kernel must do, in this order
 * and in one transaction, before the reply may be sent: first what is evicted to make room, then
 * additions and extensions. `ttl`: the smallest of the reply's, in seconds. `*ret_told`: the TTL to
 * tell the client; each address is open for at least that and the grace. No address of the reply
 * itself makes room. On failure (memory) the name is forgotten, and others may have been evicted;
 * `ops` is as before. */
int leases_learn(struct leases *leases, const char *host, const struct lease_addr *addrs,
		 size_t count, uint32_t ttl, int64_t now, struct lease_ops *ops,
		 uint32_t *ret_told, struct error *err) MUST_CHECK;

/* The kernel did not take the operations: forgets what they opened, so that the next reply sends
 * them again. To be called before anything else changes. What it was to remove stays open in the
 * kernel until its time is up. */
void leases_undo(struct leases *leases, const struct lease_ops *ops);

/* Ends what has ended by `now`. Cheap when nothing has. leases_learn() does it too. */
void leases_expire(struct leases *leases, int64_t now);

/* Has the name been learned, be it that all its leases have lapsed? */
bool leases_know(const struct leases *leases, const char *host);

/* The name whose reply held the address last, one with a live lease before others; NULL: none. For
 * PTR and for messages. */
const char *leases_name(const struct leases *leases, const struct addr *addr);

/* All names whose replies held the address, with a lease live or lapsed, in no order: at most `room`.
 * Borrowed until something changes. */
size_t leases_names(const struct leases *leases, const struct addr *addr,
		    const char **ret, size_t room);

struct lease {
	const char *host; /* borrowed */
	struct addr addr;
	uint32_t classes;
	int64_t ends;  /* not after now: lapsed */
	int64_t asked; /* when its name was asked for last, to the second */
};

/* Walks all leases, live and lapsed, by name, then address; `*at` begins as 0. False at the end.
 * Nothing may change meanwhile. Without memory for the order they come in any. */
bool leases_next(struct leases *leases, size_t *at, struct lease *ret);

struct lease_counts {
	size_t names, live, lapsed, elements;
	size_t evicted; /* live leases that ever had to make room */
};
struct lease_counts leases_count(const struct leases *leases);

/* After a change of policy: a new table with those of the old leases that `regrant` says still open
 * something. The old one stays as it is. NULL: no memory. */
struct lease_judge {
	/* The classes that `host` opens at `addr` now; 0: none any more. */
	uint32_t (*regrant)(void *context, const char *host, const struct addr *addr);
	void *context;
};
struct leases *leases_rejudge(const struct leases *leases,
			      const struct lease_judge *judge, int64_t now) MUST_CHECK;

/* What the kernel's sets must hold now: every live element once, with the time it has left. */
int leases_elements(const struct leases *leases, int64_t now, struct lease_ops *ret,
		    struct error *err) MUST_CHECK;
