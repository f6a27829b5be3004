#include "lib/resolved.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/host.h"

#define NONE UINT16_MAX
#define BUCKETS_MIN 64u

/* A name. The pairs of one answer share it. */
struct host {
	uint32_t users;
	char text[];
};

/* What each item of a table begins with: found by the hash of its key, ordered by when it was put
 * in or used last. */
struct item {
	uint64_t hash;
	struct host *host;
	uint16_t chain; /* of its bucket; of the free ones */
	uint16_t older, newer;
};

struct table {
	char *items;
	size_t size; /* of one */
	size_t used, capacity, limit;
	uint16_t *buckets;
	size_t mask;
	uint16_t oldest, newest, free;
};

struct pair {
	struct item item; /* by its address */
	struct addr addr;
	uint64_t turn; /* the answer that said so last */
};

struct asked {
	struct item item; /* by its name */
	struct asker asker;
};

struct resolved {
	uint8_t key[HASH_KEY];
	struct table pairs, asked;
	size_t bytes; /* of the pairs' names */
	uint64_t turn;
};

static struct item *item_at(const struct table *table, uint16_t at)
{
	return (struct item *)(void *)(table->items + table->size * at);
}

static struct pair *pair_at(const struct resolved *resolved, uint16_t at)
{
	return (struct pair *)(void *)item_at(&resolved->pairs, at);
}

static struct asked *asked_at(const struct resolved *resolved, uint16_t at)
{
	return (struct asked *)(void *)item_at(&resolved->asked, at);
}

static uint16_t first_of(const struct table *table, uint64_t hash)
{
	return table->buckets ? table->buckets[hash & table->mask] : NONE;
}

static void unlink_item(struct table *table, uint16_t at)
{
	const struct item *item = item_at(table, at);

	*(item->older == NONE ? &table->oldest : &item_at(table, item->older)->newer) =
		item->newer;
	*(item->newer == NONE ? &table->newest : &item_at(table, item->newer)->older) =
		item->older;
}

static void link_newest(struct table *table, uint16_t at)
{
	struct item *item = item_at(table, at);

	item->older = table->newest;
	item->newer = NONE;
	*(item->older == NONE ? &table->oldest : &item_at(table, item->older)->newer) =
		at;
	table->newest = at;
}

static void touch(struct table *table, uint16_t at)
{
	unlink_item(table, at);
	link_newest(table, at);
}

/* Buckets that cannot be had make longer chains, nothing worse; but some there must be. */
static bool grow_buckets(struct table *table)
{
	size_t count = table->buckets ? (table->mask + 1) * 2 : BUCKETS_MIN;
	uint16_t *buckets;

	if (table->buckets && table->used <= table->mask)
		return true;
	buckets = malloc(count * sizeof(*buckets));
	if (!buckets)
		return table->buckets != NULL;
	memset(buckets, 0xff, count * sizeof(*buckets));
	free(table->buckets);
	table->buckets = buckets;
	table->mask = count - 1;
	for (uint16_t at = table->oldest; at != NONE; at = item_at(table, at)->newer) {
		uint16_t *bucket = &buckets[item_at(table, at)->hash & table->mask];

		item_at(table, at)->chain = *bucket;
		*bucket = at;
	}
	return true;
}

/* Out of the table; its place is free then, its host is the caller's. */
static struct host *take_out(struct table *table, uint16_t at)
{
	struct item *item = item_at(table, at);
	uint16_t *link = &table->buckets[item->hash & table->mask];

	while (*link != at)
		link = &item_at(table, *link)->chain;
	*link = item->chain;
	unlink_item(table, at);
	item->chain = table->free;
	table->free = at;
	return item->host;
}

/* A place in a table that is not full; NONE without memory. */
static uint16_t put_in(struct table *table, uint64_t hash, struct host *host)
{
	uint16_t at = table->free, *bucket;
	struct item *item;

	if (!grow_buckets(table))
		return NONE;
	if (at != NONE)
		table->free = item_at(table, at)->chain;
	else if (array_grow(&table->items, &table->capacity, table->used, table->size))
		at = (uint16_t)table->used++;
	else
		return NONE;
	bucket = &table->buckets[hash & table->mask];
	item = item_at(table, at);
	item->hash = hash;
	item->host = host;
	item->chain = *bucket;
	*bucket = at;
	link_newest(table, at);
	return at;
}

static bool is_full(const struct table *table)
{
	return table->free == NONE && table->used == table->limit;
}

static struct host *host_new(const char *text)
{
	size_t length = strlen(text);
	struct host *host =
		length < HOST_TEXT ? malloc(sizeof(*host) + length + 1) : NULL;

	if (!host)
		return NULL;
	host->users = 1;
	memcpy(host->text, text, length + 1);
	return host;
}

static size_t host_bytes(const struct host *host)
{
	return sizeof(*host) + strlen(host->text) + 1;
}

static void host_drop(struct host *host)
{
	if (--host->users == 0)
		free(host);
}

static struct table table_new(size_t size, size_t limit)
{
	return (struct table){
		.size = size, .limit = limit, .oldest = NONE, .newest = NONE, .free = NONE
	};
}

static void table_release(struct table *table)
{
	for (uint16_t at = table->oldest; at != NONE; at = item_at(table, at)->newer)
		host_drop(item_at(table, at)->host);
	free(table->items);
	free(table->buckets);
}

struct resolved *resolved_new(const uint8_t key[static HASH_KEY])
{
	struct resolved *resolved = calloc(1, sizeof(*resolved));

	if (!resolved)
		return NULL;
	memcpy(resolved->key, key, HASH_KEY);
	resolved->pairs = table_new(sizeof(struct pair), RESOLVED_PAIRS);
	resolved->asked = table_new(sizeof(struct asked), RESOLVED_ASKERS);
	return resolved;
}

void resolved_free(struct resolved *resolved)
{
	if (!resolved)
		return;
	table_release(&resolved->pairs);
	table_release(&resolved->asked);
	free(resolved);
}

static uint64_t hash_addr(const struct resolved *resolved, const struct addr *addr)
{
	uint8_t bytes[16] = { 0 };

	addr_to_bytes(addr, bytes);
	return hash_bytes(resolved->key, bytes, sizeof(bytes));
}

/* The pairs of an address, REFUSAL_NAMES at the most. */
static size_t pairs_of(const struct resolved *resolved, uint64_t hash,
		       const struct addr *addr, uint16_t ret[static REFUSAL_NAMES])
{
	const struct table *table = &resolved->pairs;
	size_t count = 0;

	for (uint16_t at = first_of(table, hash); at != NONE && count < REFUSAL_NAMES;
	     at = item_at(table, at)->chain)
		if (addr_compare(&pair_at(resolved, at)->addr, addr) == 0)
			ret[count++] = at;
	return count;
}

static void forget_pair(struct resolved *resolved, uint16_t at)
{
	struct host *host = take_out(&resolved->pairs, at);

	if (host->users == 1)
		resolved->bytes -= host_bytes(host);
	host_drop(host);
}

/* More names than can be told of an address are not kept, so that who gives one address many
 * names makes no long chain. */
static void make_room(struct resolved *resolved, const uint16_t *same, size_t count)
{
	uint16_t oldest = same[0];

	for (size_t i = 1; i < count; i++)
		if (pair_at(resolved, same[i])->turn < pair_at(resolved, oldest)->turn)
			oldest = same[i];
	if (count == REFUSAL_NAMES)
		forget_pair(resolved, oldest);
	else if (is_full(&resolved->pairs))
		forget_pair(resolved, resolved->pairs.oldest);
}

static void add_pair(struct resolved *resolved, struct host *host,
		     const struct addr *addr)
{
	uint64_t hash = hash_addr(resolved, addr);
	uint16_t same[REFUSAL_NAMES] = { NONE }, at;
	size_t count = pairs_of(resolved, hash, addr, same);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(item_at(&resolved->pairs, same[i])->host->text, host->text) ==
		    0) {
			pair_at(resolved, same[i])->turn = resolved->turn;
			touch(&resolved->pairs, same[i]);
			return;
		}
	}
	make_room(resolved, same, count);
	at = put_in(&resolved->pairs, hash, host);
	if (at == NONE)
		return;
	if (host->users++ == 1)
		resolved->bytes += host_bytes(host);
	pair_at(resolved, at)->addr = *addr;
	pair_at(resolved, at)->turn = resolved->turn;
}

void resolved_add(struct resolved *resolved, const char *name, const struct addr *addrs,
		  size_t count)
{
	struct host *host = host_new(name);

	if (!host)
		return;
	resolved->turn++;
	for (size_t i = 0; i < count && i < RESOLVED_ANSWER; i++)
		add_pair(resolved, host, &addrs[i]);
	host_drop(host);
	while (resolved->bytes > RESOLVED_BYTES)
		forget_pair(resolved, resolved->pairs.oldest);
}

static int compare_turns(const struct resolved *resolved, uint16_t a, uint16_t b)
{
	uint64_t left = pair_at(resolved, a)->turn, right = pair_at(resolved, b)->turn;

	return left < right ? 1 : left > right ? -1 : 0;
}

size_t resolved_names(const struct resolved *resolved, const struct addr *addr,
		      const char *ret[static REFUSAL_NAMES])
{
	uint16_t same[REFUSAL_NAMES];
	size_t count = pairs_of(resolved, hash_addr(resolved, addr), addr, same);

	for (size_t i = 1; i < count; i++) {
		for (size_t j = i; j && compare_turns(resolved, same[j - 1], same[j]) > 0;
		     j--) {
			uint16_t swapped = same[j];

			same[j] = same[j - 1];
			same[j - 1] = swapped;
		}
	}
	for (size_t i = 0; i < count; i++)
		ret[i] = item_at(&resolved->pairs, same[i])->host->text;
	return count;
}

static uint16_t find_asked(const struct resolved *resolved, const char *name,
			   uint64_t hash)
{
	const struct table *table = &resolved->asked;
	uint16_t at = first_of(table, hash);

	while (at != NONE && (item_at(table, at)->hash != hash ||
			      strcmp(item_at(table, at)->host->text, name) != 0))
		at = item_at(table, at)->chain;
	return at;
}

void resolved_asked(struct resolved *resolved, const char *name,
		    const struct asker *asker)
{
	uint64_t hash = hash_bytes(resolved->key, name, strlen(name));
	uint16_t at = find_asked(resolved, name, hash);
	struct host *host;

	if (at != NONE) {
		touch(&resolved->asked, at);
		asked_at(resolved, at)->asker = *asker;
		return;
	}
	host = host_new(name);
	if (!host)
		return;
	if (is_full(&resolved->asked))
		host_drop(take_out(&resolved->asked, resolved->asked.oldest));
	at = put_in(&resolved->asked, hash, host);
	if (at == NONE)
		host_drop(host);
	else
		asked_at(resolved, at)->asker = *asker;
}

const struct asker *resolved_asker(const struct resolved *resolved, const char *name)
{
	uint64_t hash = hash_bytes(resolved->key, name, strlen(name));
	uint16_t at = find_asked(resolved, name, hash);

	return at == NONE ? NULL : &asked_at(resolved, at)->asker;
}
