#pragma once

#include <string.h>

#include "lib/lease_internal.h"
#include "lib/macros.h"
#include "tests/fuzz/fuzz.h"

/* A world of few names and addresses, for the random test and the fuzzer: leases, the kernel's sets
 * as the operations leave them, and what has been promised to whom, written down plainly. A broken
 * promise aborts. */

#define W_NAMES 6u
#define W_ADDRS 6u
#define W_CLASSES 3u
#define W_LAG 5 /* milliseconds until the kernel has what it is sent */

struct world_lease {
	bool held; /* by the table, when it was looked at last */
	int64_t ends;
	int64_t promised; /* to a client, the grace included */
	int64_t limit;    /* nothing justifies more */
	int64_t seen;
};

struct world {
	uint32_t (*draw)(struct world *world, uint32_t below);
	const uint8_t *at, *end; /* for draw() */
	uint32_t seed;
	struct lease_limits limits;
	struct leases *leases;
	int64_t now;
	uint32_t policy; /* decides what is granted */
	int64_t kernel[W_ADDRS][W_CLASSES], loose[W_ADDRS][W_CLASSES];
	struct world_lease v[W_NAMES][W_ADDRS];
	size_t evicted;
	/* For whoever asks whether anything happens at all: */
	size_t told, silent, refused, removed, shortened;
};

static const char *const world_names[W_NAMES] = {
	"a.example", "b.example", "c.example", "cdn.example", "d", "e.example",
};

/* Of both families; the first two differ in nothing else. */
static const struct addr world_addrs[W_ADDRS] = {
	{ 0x01020304, FAMILY_4 }, { 0x01020304, FAMILY_6 }, { 0x01020305, FAMILY_4 },
	{ 0xffffffff, FAMILY_4 }, { 0, FAMILY_6 },          { ~(u128)0, FAMILY_6 },
};

static inline uint32_t world_index(const struct addr *addr)
{
	uint32_t i = 0;

	while (addr_compare(addr, &world_addrs[i]) != 0)
		PROMISE(++i < W_ADDRS);
	return i;
}

static inline uint32_t world_name(const char *host)
{
	uint32_t i = 0;

	while (strcmp(host, world_names[i]) != 0)
		PROMISE(++i < W_NAMES);
	return i;
}

/* What the policy of the moment grants; never nothing. */
static inline uint32_t world_grant(uint32_t policy, uint32_t name, uint32_t addr)
{
	return (policy * 40503u + name * 7919u + addr * 104729u) / 16 % 7 + 1;
}

static inline void world_begin(struct world *world)
{
	static const uint8_t key[HASH_KEY] = "world";
	static const uint32_t starts[] = { 0, 1, 999, 1000, 86399999, 4000000000u };

	world->now = starts[world->draw(world, ARRAY_SIZE(starts))];
	world->leases = leases_new_limited(key, &world->limits);
	PROMISE(world->leases);
}

/* All or nothing, as a transaction; in it what makes room comes first. */
static inline void world_commit(struct world *world, const struct lease_ops *ops)
{
	bool adding = false;

	for (size_t i = 0; i < ops->count; i++) {
		const struct lease_op *op = &ops->v[i];
		int64_t *end = &world->kernel[world_index(&op->addr)][op->class];
		bool there = *end > world->now;

		PROMISE(op->class < W_CLASSES);
		PROMISE(op->refresh || !op->shorter);
		if (op->remove) {
			PROMISE(there && !adding);
			*end = 0;
			world->removed++;
			continue;
		}
		PROMISE(!op->shorter || !adding);
		PROMISE(!op->shorter || *end > world->now + op->timeout_ms);
		adding = !op->shorter;
		world->shortened += op->shorter;
		if (!there || op->refresh)
			*end = world->now + op->timeout_ms;
	}
}

/* The limits grow for the reply's addresses, and less for other live leases of the name. */
static inline void world_ask(struct world *world, uint32_t name, uint32_t ttl)
{
	int64_t life = ttl < 300 ? 300 : ttl > 3600 ? 3600 : ttl;

	for (uint32_t i = 0; i < W_ADDRS; i++) {
		struct world_lease *lease = &world->v[name][i];
		int64_t until = world->now + life * 1000 + LEASE_GRACE_MS + 999;
		int64_t unseen = lease->seen + LEASE_UNSEEN_MS;

		if (lease->seen != world->now) {
			if (!lease->held || lease->ends <= world->now)
				continue;
			until = until < unseen ? until : unseen;
		}
		if (lease->limit < until)
			lease->limit = until;
	}
}

static inline bool world_is_open(const struct world *world, const struct lease_addr *addr,
				 int64_t until)
{
	for (uint32_t class = 0; class < W_CLASSES; class ++) {
		if (addr->classes >> class & 1 &&
		    world->kernel[world_index(&addr->addr)][class] < until)
			return false;
	}
	return true;
}

/* A live address that is not in the reply: the client may know it from an older one. */
static inline void world_keep(struct world_lease *lease, int64_t then)
{
	int64_t until = then + LEASE_RENEW_MS + LEASE_GRACE_MS;
	int64_t unseen = lease->seen / 1000 * 1000 + LEASE_UNSEEN_MS;

	until = until < unseen ? until : unseen;
	if (lease->held && lease->ends > then && lease->promised < until)
		lease->promised = until;
}

static inline void world_told(struct world *world, uint32_t name,
			      const struct lease_addr *addrs, size_t count, uint32_t ttl,
			      uint32_t told, int64_t then)
{
	PROMISE(told >= LEASE_TOLD_MIN && told <= LEASE_TOLD_MAX);
	PROMISE(told <= ttl || told == LEASE_TOLD_MIN);
	PROMISE(told >= ttl || told >= LEASE_RENEW_MS / 1000);
	for (uint32_t i = 0; i < W_ADDRS; i++)
		world_keep(&world->v[name][i], then);
	for (size_t i = 0; i < count; i++) {
		int64_t until = then + told * 1000 + LEASE_GRACE_MS;
		struct world_lease *lease = &world->v[name][world_index(&addrs[i].addr)];

		PROMISE(world_is_open(world, &addrs[i], until));
		if (lease->promised < until)
			lease->promised = until;
	}
	world->told++;
}

static inline void world_refuse(struct world *world, uint32_t name,
				const struct lease_ops *ops)
{
	leases_undo(world->leases, ops);
	memcpy(world->loose, world->kernel, sizeof(world->loose));
	for (uint32_t i = 0; i < W_ADDRS; i++)
		world->v[name][i].promised = 0;
	world->refused++;
}

static inline void world_learn(struct world *world)
{
	static const uint32_t ttls[] = { 0,   1,   60,   61,    200,       300,
					 400, 900, 3600, 86400, UINT32_MAX };
	uint32_t name = world->draw(world, W_NAMES), count = world->draw(world, 4), told;
	uint32_t ttl = ttls[world->draw(world, ARRAY_SIZE(ttls))];
	int64_t then = world->now;
	struct lease_addr addrs[3];
	struct lease_ops ops = { 0 };
	struct error err;

	for (size_t i = 0; i < count; i++) {
		uint32_t addr = world->draw(world, W_ADDRS);

		addrs[i].addr = world_addrs[addr];
		addrs[i].classes = world_grant(world->policy, name, addr);
		if (world->draw(world, 64) == 63)
			addrs[i].classes = 7;
		world->v[name][addr].seen = then;
	}
	world_ask(world, name, ttl);
	PROMISE(leases_learn(world->leases, world_names[name], addrs, count, ttl, then,
			     &ops, &told, &err) == 0);
	world->now += world->draw(world, W_LAG);
	if (ops.count && world->draw(world, 24) == 23) {
		world_refuse(world, name, &ops);
	} else {
		world->silent += ops.count == 0;
		world_commit(world, &ops);
		world_told(world, name, addrs, count, ttl, told, then);
	}
	free(ops.v);
}

static inline uint32_t world_regrant(void *context, const char *host,
				     const struct addr *addr)
{
	const struct world *world = context;
	uint32_t name = world_name(host), i = world_index(addr);

	return (world->policy + name * 3 + i) % 5 ? world_grant(world->policy, name, i)
						  : 0;
}

/* A new policy, and new sets with what the new table says. */
static inline void world_reload(struct world *world)
{
	struct lease_judge judge = { world_regrant, world };
	struct lease_counts before = leases_count(world->leases), after;
	struct lease_ops ops = { 0 };
	struct leases *judged;
	struct error err;

	world->policy++;
	judged = leases_rejudge(world->leases, &judge, world->now);
	PROMISE(judged);
	after = leases_count(world->leases);
	PROMISE(memcmp(&before, &after, sizeof(before)) == 0);
	leases_free(world->leases);
	world->leases = judged;
	for (uint32_t i = 0; i < W_NAMES * W_ADDRS; i++) {
		if (!world_regrant(world, world_names[i / W_ADDRS],
				   &world_addrs[i % W_ADDRS]))
			world->v[i / W_ADDRS][i % W_ADDRS].promised = 0;
	}
	memset(world->kernel, 0, sizeof(world->kernel));
	memset(world->loose, 0, sizeof(world->loose));
	PROMISE(leases_elements(judged, world->now, &ops, &err) == 0);
	world_commit(world, &ops);
	free(ops.v);
}

/* What the table says, looked at from outside. */
struct world_view {
	struct lease v[W_NAMES][W_ADDRS]; /* host NULL: none */
	int64_t ends[W_ADDRS][W_CLASSES]; /* of the elements; 0: none */
	struct lease_counts counts;
};

static inline void world_see_lease(const struct world *world, const struct lease *lease,
				   struct world_view *view)
{
	uint32_t addr = world_index(&lease->addr);

	view->v[world_name(lease->host)][addr] = *lease;
	if (lease->ends <= world->now) {
		view->counts.lapsed++;
		return;
	}
	view->counts.live++;
	PROMISE(lease->classes && lease->classes < 1u << W_CLASSES);
	for (uint32_t class = 0; class < W_CLASSES; class ++) {
		int64_t *end = &view->ends[addr][class];

		if (!(lease->classes >> class & 1))
			continue;
		PROMISE(world->kernel[addr][class] >= lease->ends);
		view->counts.elements += *end == 0;
		if (*end < lease->ends)
			*end = lease->ends;
	}
}

static inline void world_see(struct world *world, struct world_view *view)
{
	struct lease lease, last = { 0 };
	size_t at = 0;

	*view = (struct world_view){ 0 };
	for (; leases_next(world->leases, &at, &lease); last = lease) {
		int order = last.host ? strcmp(last.host, lease.host) : -1;

		PROMISE(order <= 0);
		PROMISE(order < 0 || addr_compare(&last.addr, &lease.addr) < 0);
		PROMISE(lease.asked <= world->now);
		view->counts.names += order < 0;
		world_see_lease(world, &lease, view);
	}
}

static inline void world_check_counts(struct world *world, const struct world_view *view)
{
	struct lease_counts counts = leases_count(world->leases);
	const struct lease_limits *limits = &world->limits;

	PROMISE(counts.names == view->counts.names && counts.names <= limits->names);
	PROMISE(counts.live == view->counts.live && counts.live <= limits->live);
	PROMISE(counts.lapsed == view->counts.lapsed && counts.lapsed <= limits->lapsed);
	PROMISE(counts.elements == view->counts.elements &&
		counts.elements <= limits->elements);
	for (uint32_t i = 0; i < W_NAMES; i++) {
		uint32_t addrs = 0;

		for (uint32_t j = 0; j < W_ADDRS; j++)
			addrs += view->v[i][j].host != NULL;
		PROMISE(addrs <= limits->name_addrs);
		PROMISE(leases_know(world->leases, world_names[i]) == (addrs > 0));
	}
}

/* The kernel holds nothing longer than a lease justifies, give or take what was refused. */
static inline void world_check_kernel(struct world *world, const struct world_view *view)
{
	struct lease_ops ops = { 0 };
	struct error err;

	for (uint32_t i = 0; i < W_ADDRS * W_CLASSES; i++) {
		uint32_t addr = i / W_CLASSES, class = i % W_CLASSES;
		int64_t end = world->kernel[addr][class];

		PROMISE(end <= view->ends[addr][class] + W_LAG ||
			end <= world->loose[addr][class] ||
			end <= world->now + SLACK_S * 1000 + W_LAG);
	}
	PROMISE(leases_elements(world->leases, world->now, &ops, &err) == 0);
	PROMISE(ops.count == view->counts.elements);
	for (size_t i = 0; i < ops.count; i++) {
		const struct lease_op *op = &ops.v[i];

		PROMISE(!op->remove && !op->refresh);
		PROMISE(op->timeout_ms + world->now ==
			view->ends[world_index(&op->addr)][op->class]);
	}
	free(ops.v);
}

/* Ends only move forward, within what justifies them; promises hold but for evictions. */
static inline void world_check_leases(struct world *world, const struct world_view *view)
{
	size_t evicted = leases_count(world->leases).evicted, broken = 0;

	for (uint32_t i = 0; i < W_NAMES * W_ADDRS; i++) {
		struct world_lease *lease = &world->v[i / W_ADDRS][i % W_ADDRS];
		const struct lease *now = &view->v[i / W_ADDRS][i % W_ADDRS];

		if (now->host) {
			PROMISE(!lease->held || now->ends >= lease->ends);
			PROMISE(now->ends <= lease->limit);
		}
		if (lease->promised > world->now &&
		    (!now->host || now->ends < lease->promised)) {
			PROMISE(!now->host || now->ends <= world->now);
			lease->promised = 0;
			broken++;
		}
		lease->held = now->host != NULL;
		lease->ends = now->ends;
	}
	PROMISE(broken <= evicted - world->evicted);
	world->evicted = evicted;
}

/* The one whose reply held the address last, of those that are live if there are. */
static inline void world_check_names(struct world *world, const struct world_view *view)
{
	for (uint32_t i = 0; i < W_ADDRS; i++) {
		const char *host = leases_name(world->leases, &world_addrs[i]);
		uint32_t own = host ? world_name(host) : 0, names = 0;
		bool live = host && view->v[own][i].ends > world->now;

		PROMISE(!host || view->v[own][i].host);
		for (uint32_t j = 0; j < W_NAMES; j++) {
			bool other = view->v[j][i].ends > world->now;

			names += view->v[j][i].host != NULL;
			PROMISE(!view->v[j][i].host || host);
			PROMISE(live || !other);
			PROMISE(live != other || !view->v[j][i].host ||
				world->v[j][i].seen / 1000 <=
					world->v[own][i].seen / 1000);
		}
		PROMISE(names <= world->limits.addr_names);
	}
}

static inline void world_step(struct world *world)
{
	static const uint32_t jumps[] = { 0,     1,     40,     999,    1000,
					  10000, 59000, 240000, 361000, 2000000 };
	uint32_t what = world->draw(world, 256);
	struct world_view view;

	if (what == 255)
		world_reload(world);
	else if (what == 254)
		world->now += 10000000;
	else if (what >= 190)
		world->now += jumps[world->draw(world, ARRAY_SIZE(jumps))];
	else
		world_learn(world);
	leases_expire(world->leases, world->now);
	world_see(world, &view);
	world_check_counts(world, &view);
	world_check_kernel(world, &view);
	world_check_leases(world, &view);
	world_check_names(world, &view);
}
