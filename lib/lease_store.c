#include "lib/lease_internal.h"

#include <stdlib.h>

#include "lib/arena.h"
#include "lib/macros.h"

#define BUCKETS 64u

/* A list of the items of an array: where the links are in the first of them, and how far it is from
 * one to the next. */
struct ring {
	char *links;
	size_t step;
};

#define RING(array, member)                                                              \
	(struct ring)                                                                    \
	{                                                                                \
		(char *)&(array)->member, sizeof(*(array))                               \
	}

static struct links *links_of(struct ring ring, uint32_t item)
{
	return (struct links *)(void *)(ring.links + ring.step * item);
}

static void ring_append(struct ring ring, uint32_t *first, uint32_t item)
{
	struct links *own = links_of(ring, item), *head;

	if (*first == NONE) {
		*own = (struct links){ item, item };
		*first = item;
		return;
	}
	head = links_of(ring, *first);
	*own = (struct links){ head->previous, *first };
	links_of(ring, head->previous)->next = item;
	head->previous = item;
}

static void ring_push(struct ring ring, uint32_t *first, uint32_t item)
{
	ring_append(ring, first, item);
	*first = item;
}

static void ring_remove(struct ring ring, uint32_t *first, uint32_t item)
{
	struct links own = *links_of(ring, item);

	links_of(ring, own.previous)->next = own.next;
	links_of(ring, own.next)->previous = own.previous;
	if (*first == item)
		*first = own.next == item ? NONE : own.next;
}

static uint32_t hash_host(const struct leases *leases, const char *host)
{
	return (uint32_t)hash_bytes(leases->key, host, strlen(host));
}

static uint32_t hash_value(const struct leases *leases, const uint32_t value[4])
{
	return (uint32_t)hash_bytes(leases->key, value, 4 * sizeof(*value));
}

static uint32_t hash_record(const struct leases *leases, uint32_t record)
{
	return hash_value(leases, leases->records[record].value);
}

static uint32_t *buckets_new(size_t count)
{
	uint32_t *buckets = malloc(count * sizeof(*buckets));

	if (buckets)
		memset(buckets, 0xff, count * sizeof(*buckets));
	return buckets;
}

static void grow_by_addr(struct leases *leases)
{
	struct table *table = &leases->by_addr, old = *table;
	uint32_t *buckets = buckets_new((old.mask + 1) * 2ul);

	if (!buckets)
		return;
	table->buckets = buckets;
	table->mask = old.mask * 2 + 1;
	for (size_t i = 0; i <= old.mask; i++) {
		for (uint32_t at = old.buckets[i], next; at != NONE; at = next) {
			uint32_t *bucket =
				&buckets[hash_record(leases, at) & table->mask];

			next = leases->records[at].chain;
			leases->records[at].chain = *bucket;
			*bucket = at;
		}
	}
	free(old.buckets);
}

static void grow_by_host(struct leases *leases)
{
	struct table *table = &leases->by_host, old = *table;
	uint32_t *buckets = buckets_new((old.mask + 1) * 2ul);

	if (!buckets)
		return;
	table->buckets = buckets;
	table->mask = old.mask * 2 + 1;
	for (size_t i = 0; i <= old.mask; i++) {
		for (uint32_t at = old.buckets[i], next; at != NONE; at = next) {
			struct name *name = &leases->names[at];
			uint32_t *bucket = &buckets[name->hash & table->mask];

			next = name->chain;
			name->chain = *bucket;
			*bucket = at;
		}
	}
	free(old.buckets);
}

/* Buckets that cannot be had make longer chains, nothing worse. */
bool store_reserve(struct leases *leases, size_t records)
{
	size_t held = leases->counts.live + leases->counts.lapsed;

	while (leases->by_addr.capacity < held + records) {
		if (!array_grow(&leases->records, &leases->by_addr.capacity,
				leases->by_addr.capacity, sizeof(*leases->records)))
			return false;
	}
	while (leases->by_host.capacity < leases->counts.names + 1) {
		if (!array_grow(&leases->names, &leases->by_host.capacity,
				leases->by_host.capacity, sizeof(*leases->names)))
			return false;
	}
	if (held / 2 > leases->by_addr.mask)
		grow_by_addr(leases);
	if (leases->counts.names / 2 > leases->by_host.mask)
		grow_by_host(leases);
	return true;
}

static uint32_t find_name(const struct leases *leases, const char *host, uint32_t hash)
{
	uint32_t at = leases->by_host.buckets[hash & leases->by_host.mask];

	while (at != NONE && (leases->names[at].hash != hash ||
			      strcmp(leases->names[at].host, host) != 0))
		at = leases->names[at].chain;
	return at;
}

uint32_t store_find_name(const struct leases *leases, const char *host)
{
	return find_name(leases, host, hash_host(leases, host));
}

static uint32_t take_name(struct leases *leases)
{
	uint32_t name = leases->by_host.free;

	if (name == NONE)
		return (uint32_t)leases->by_host.used++;
	leases->by_host.free = leases->names[name].chain;
	return name;
}

static uint32_t new_name(struct leases *leases, const char *host, uint32_t hash)
{
	char *copy = strdup(host);
	uint32_t *bucket = &leases->by_host.buckets[hash & leases->by_host.mask];
	uint32_t name;

	if (!copy)
		return NONE;
	name = take_name(leases);
	leases->names[name] = (struct name){
		.host = copy,
		.hash = hash,
		.chain = *bucket,
		.soonest = UINT32_MAX,
		.first = NONE,
	};
	*bucket = name;
	leases->counts.names++;
	return name;
}

uint32_t store_ask(struct leases *leases, const char *host)
{
	uint32_t hash = hash_host(leases, host), name = find_name(leases, host, hash);

	if (name == NONE) {
		name = new_name(leases, host, hash);
		if (name == NONE)
			return NONE;
		ring_push(RING(leases->names, by_asked), &leases->asked, name);
	} else if (leases->asked != name) {
		ring_remove(RING(leases->names, by_asked), &leases->asked, name);
		ring_push(RING(leases->names, by_asked), &leases->asked, name);
	}
	leases->names[name].asked = leases->clock;
	return name;
}

static void forget_name(struct leases *leases, uint32_t name)
{
	struct name *gone = &leases->names[name];
	uint32_t *at = &leases->by_host.buckets[gone->hash & leases->by_host.mask];

	while (*at != name)
		at = &leases->names[*at].chain;
	*at = gone->chain;
	ring_remove(RING(leases->names, by_asked), &leases->asked, name);
	free(gone->host);
	gone->host = NULL;
	gone->chain = leases->by_host.free;
	leases->by_host.free = name;
	leases->counts.names--;
}

static void to_value(const struct addr *addr, uint32_t value[4])
{
	memcpy(value, &addr->value, sizeof(addr->value));
}

struct addr store_addr(const struct record *record)
{
	struct addr addr = { .family = record->six ? FAMILY_6 : FAMILY_4 };

	memcpy(&addr.value, record->value, sizeof(record->value));
	return addr;
}

static uint32_t same_from(const struct leases *leases, uint32_t at,
			  const uint32_t value[4], bool six)
{
	for (; at != NONE; at = leases->records[at].chain) {
		const struct record *record = &leases->records[at];

		if (record->six == six &&
		    memcmp(record->value, value, sizeof(record->value)) == 0)
			break;
	}
	return at;
}

uint32_t store_first(const struct leases *leases, const struct addr *addr)
{
	bool six = addr->family == FAMILY_6;
	uint32_t value[4], hash;

	to_value(addr, value);
	hash = hash_value(leases, value);
	return same_from(leases, leases->by_addr.buckets[hash & leases->by_addr.mask],
			 value, six);
}

uint32_t store_next(const struct leases *leases, uint32_t record)
{
	const struct record *own = &leases->records[record];

	return same_from(leases, own->chain, own->value, own->six);
}

static uint32_t take_record(struct leases *leases)
{
	uint32_t record = leases->by_addr.free;

	if (record == NONE)
		return (uint32_t)leases->by_addr.used++;
	leases->by_addr.free = leases->records[record].chain;
	return record;
}

uint32_t store_attach(struct leases *leases, uint32_t name, const struct addr *addr)
{
	uint32_t record = take_record(leases), *bucket;
	struct record *own = &leases->records[record];

	*own = (struct record){ .name = name & 0xffffff,
				.six = addr->family == FAMILY_6 };
	to_value(addr, own->value);
	bucket = &leases->by_addr
			  .buckets[hash_record(leases, record) & leases->by_addr.mask];
	own->chain = *bucket;
	*bucket = record;
	ring_push(RING(leases->records, of_name), &leases->names[name].first, record);
	leases->names[name].count++;
	return record;
}

void store_see(struct leases *leases, uint32_t record)
{
	struct record *own = &leases->records[record];
	uint32_t *first = &leases->names[own->name].first;

	own->seen = leases->clock;
	if (*first == record)
		return;
	ring_remove(RING(leases->records, of_name), first, record);
	ring_push(RING(leases->records, of_name), first, record);
}

static void leave_time(struct leases *leases, uint32_t record)
{
	struct record *own = &leases->records[record];
	struct ring ring = RING(leases->records, of_time);

	if (own->state == RECORD_LIVE) {
		ring_remove(ring, &leases->wheel[own->ends % WHEEL], record);
		leases->counts.live--;
	} else if (own->state == RECORD_LAPSED) {
		ring_remove(ring, &leases->lapsed, record);
		leases->counts.lapsed--;
	}
	own->state = RECORD_NEW;
}

void store_set_end(struct leases *leases, uint32_t record, uint32_t ends)
{
	leave_time(leases, record);
	leases->records[record].ends = ends;
	leases->records[record].state = RECORD_LIVE;
	ring_append(RING(leases->records, of_time), &leases->wheel[ends % WHEEL], record);
	leases->counts.live++;
}

void store_lapse(struct leases *leases, uint32_t record)
{
	leave_time(leases, record);
	leases->records[record].state = RECORD_LAPSED;
	ring_append(RING(leases->records, of_time), &leases->lapsed, record);
	leases->counts.lapsed++;
}

void store_forget(struct leases *leases, uint32_t record)
{
	struct record *own = &leases->records[record];
	uint32_t *at =
		&leases->by_addr
			 .buckets[hash_record(leases, record) & leases->by_addr.mask];
	uint32_t name = own->name;

	while (*at != record)
		at = &leases->records[*at].chain;
	*at = own->chain;
	leave_time(leases, record);
	ring_remove(RING(leases->records, of_name), &leases->names[name].first, record);
	own->chain = leases->by_addr.free;
	leases->by_addr.free = record;
	if (--leases->names[name].count == 0)
		forget_name(leases, name);
}

uint32_t store_last_of_name(const struct leases *leases, uint32_t name)
{
	return leases->records[leases->names[name].first].of_name.previous;
}

uint32_t store_last_asked(const struct leases *leases)
{
	return leases->names[leases->asked].by_asked.previous;
}

struct leases *leases_new_limited(const uint8_t key[static HASH_KEY],
				  const struct lease_limits *limits)
{
	CLEANUP(leases_freep) struct leases *leases = calloc(1, sizeof(*leases));

	if (!leases)
		return NULL;
	memcpy(leases->key, key, HASH_KEY);
	leases->limits = *limits;
	leases->by_addr = (struct table){ buckets_new(BUCKETS), BUCKETS - 1, NONE, 0, 0 };
	leases->by_host = (struct table){ buckets_new(BUCKETS), BUCKETS - 1, NONE, 0, 0 };
	leases->asked = leases->lapsed = NONE;
	memset(leases->wheel, 0xff, sizeof(leases->wheel));
	if (!leases->by_addr.buckets || !leases->by_host.buckets)
		return NULL;
	return TAKE(leases);
}

struct leases *leases_new(const uint8_t key[static HASH_KEY])
{
	static const struct lease_limits limits = {
		.name_addrs = LEASE_NAME_ADDRS,
		.addr_names = LEASE_ADDR_NAMES,
		.elements = LEASE_ADDRS,
		.names = LEASE_NAMES,
		.live = LEASE_LIVE,
		.lapsed = LEASE_LAPSED,
	};

	return leases_new_limited(key, &limits);
}

void leases_free(struct leases *leases)
{
	if (!leases)
		return;
	for (size_t i = 0; i < leases->by_host.used; i++)
		free(leases->names[i].host);
	free(leases->records);
	free(leases->names);
	free(leases->by_addr.buckets);
	free(leases->by_host.buckets);
	free(leases->added.v);
	free(leases->order);
	free(leases);
}
