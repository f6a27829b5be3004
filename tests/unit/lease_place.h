#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/lease_internal.h"
#include "lib/macros.h"

/* What the tests of leases share: a table, a clock, and the operations of the reply before. */

struct place {
	struct leases *leases;
	int64_t now;
	struct lease_ops ops;
	uint32_t told;
};

static const uint8_t place_key[HASH_KEY] = "a key of no one";

static inline void place_release(struct place *place)
{
	leases_free(place->leases);
	free(place->ops.v);
}

static inline struct place place_new(void)
{
	struct place place = { .leases = leases_new(place_key), .now = 5000000 };

	assert_non_null(place.leases);
	return place;
}

static inline struct addr ip(uint32_t i)
{
	return (struct addr){ 0x08000000 + i, FAMILY_4 };
}

/* A reply with the addresses from ip(first) on, all with the same classes. */
static inline void learn(struct place *place, const char *host, uint32_t first,
			 size_t count, uint32_t classes, uint32_t ttl)
{
	struct lease_addr addrs[256];
	struct error err;

	assert_true(count <= ARRAY_SIZE(addrs));
	for (size_t i = 0; i < count; i++)
		addrs[i] = (struct lease_addr){ ip(first + (uint32_t)i), classes };
	place->ops.count = 0;
	assert_int_equal(leases_learn(place->leases, host, addrs, count, ttl, place->now,
				      &place->ops, &place->told, &err),
			 0);
}

static inline const struct lease_op *op_at(const struct place *place, size_t i,
					   uint32_t addr, uint8_t class)
{
	struct addr wanted = ip(addr);

	assert_true(i < place->ops.count);
	assert_int_equal(addr_compare(&place->ops.v[i].addr, &wanted), 0);
	assert_int_equal(place->ops.v[i].class, class);
	return &place->ops.v[i];
}

static inline void assert_added(const struct place *place, size_t i, uint32_t addr,
				uint8_t class, uint32_t timeout_ms, bool refresh)
{
	const struct lease_op *op = op_at(place, i, addr, class);

	assert_false(op->remove || op->shorter);
	assert_int_equal(op->refresh, refresh);
	assert_int_equal(op->timeout_ms, timeout_ms);
}

static inline void assert_removed(const struct place *place, size_t i, uint32_t addr,
				  uint8_t class)
{
	assert_true(op_at(place, i, addr, class)->remove);
}

/* False: no such lease. */
static inline bool find_lease(struct place *place, const char *host, uint32_t addr,
			      struct lease *ret)
{
	struct addr wanted = ip(addr);
	struct lease lease;
	bool found = false;
	size_t at = 0;

	while (leases_next(place->leases, &at, &lease)) {
		if (strcmp(lease.host, host) != 0 ||
		    addr_compare(&lease.addr, &wanted) != 0)
			continue;
		*ret = lease;
		found = true;
	}
	return found;
}

/* Milliseconds the lease has left; 0: lapsed; -1: there is none. */
static inline int64_t left(struct place *place, const char *host, uint32_t addr)
{
	struct lease lease;

	if (!find_lease(place, host, addr, &lease))
		return -1;
	return lease.ends > place->now ? lease.ends - place->now : 0;
}
