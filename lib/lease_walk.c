#include "lib/lease_internal.h"

#include <stdlib.h>

#include "lib/macros.h"

static int compare_leases(const void *a, const void *b, void *context)
{
	const struct leases *leases = context;
	const struct record *x = &leases->records[*(const uint32_t *)a];
	const struct record *y = &leases->records[*(const uint32_t *)b];
	struct addr x_addr = store_addr(x), y_addr = store_addr(y);
	int order = strcmp(leases->names[x->name].host, leases->names[y->name].host);

	return order ? order : addr_compare(&x_addr, &y_addr);
}

static void put_in_order(struct leases *leases)
{
	size_t count = leases->counts.live + leases->counts.lapsed;

	free(leases->order);
	leases->ordered = 0;
	leases->order = calloc(count + 1, sizeof(*leases->order));
	if (!leases->order)
		return;
	for (uint32_t i = 0; i < leases->by_addr.used; i++) {
		if (leases->records[i].state != RECORD_NEW)
			leases->order[leases->ordered++] = i;
	}
	qsort_r(leases->order, leases->ordered, sizeof(*leases->order), compare_leases,
		leases);
}

static const struct record *record_at(const struct leases *leases, size_t *at)
{
	if (leases->order)
		return *at < leases->ordered ? &leases->records[leases->order[(*at)++]]
					     : NULL;
	while (*at < leases->by_addr.used) {
		const struct record *record = &leases->records[(*at)++];

		if (record->state != RECORD_NEW)
			return record;
	}
	return NULL;
}

bool leases_next(struct leases *leases, size_t *at, struct lease *ret)
{
	const struct record *record;

	if (*at == 0)
		put_in_order(leases);
	record = record_at(leases, at);
	if (!record) {
		free(TAKE(leases->order));
		return false;
	}
	*ret = (struct lease){
		.host = leases->names[record->name].host,
		.addr = store_addr(record),
		.classes = record->classes,
		.ends = record->ends * INT64_C(1000),
		.asked = leases->names[record->name].asked * INT64_C(1000),
	};
	return true;
}

size_t leases_names(const struct leases *leases, const struct addr *addr,
		    const char **ret, size_t room)
{
	size_t count = 0;

	for (uint32_t at = store_first(leases, addr); at != NONE && count < room;
	     at = store_next(leases, at))
		ret[count++] = leases->names[leases->records[at].name].host;
	return count;
}

/* The classes whose elements end with just this lease: no other ends later; of those that end
 * together it is the first. */
static uint32_t classes_ended_by(const struct leases *leases, uint32_t record,
				 const struct addr *addr)
{
	const struct record *own = &leases->records[record];
	uint32_t classes = own->classes;

	for (uint32_t at = store_first(leases, addr); at != NONE;
	     at = store_next(leases, at)) {
		const struct record *other = &leases->records[at];

		if (other->state == RECORD_LIVE &&
		    (other->ends > own->ends ||
		     (other->ends == own->ends && at < record)))
			classes &= ~other->classes;
	}
	return classes;
}

int leases_elements(const struct leases *leases, int64_t now, struct lease_ops *ret,
		    struct error *err)
{
	for (uint32_t i = 0; i < leases->by_addr.used; i++) {
		const struct record *record = &leases->records[i];
		struct lease_op op = { .addr = store_addr(record) };

		if (record->state != RECORD_LIVE || record->ends * INT64_C(1000) <= now)
			continue;
		op.timeout_ms = lease_left(record->ends, now);
		for (uint32_t left = classes_ended_by(leases, i, &op.addr); left;
		     left &= left - 1) {
			op.class = (uint8_t)__builtin_ctz(left);
			if (!ops_add(ret, &op))
				return error_memory(err);
		}
	}
	return 0;
}

static void *copy(const void *from, size_t count, size_t size)
{
	void *to = calloc(count + 1, size);

	if (to && count)
		memcpy(to, from, count * size);
	return to;
}

static bool copy_names(struct leases *to, const struct leases *from)
{
	to->names = calloc(from->by_host.used + 1, sizeof(*to->names));
	if (!to->names)
		return false;
	to->by_host.capacity = from->by_host.used;
	for (size_t i = 0; i < from->by_host.used; i++) {
		struct name *name = &to->names[to->by_host.used++];

		*name = from->names[i];
		if (name->host)
			name->host = strdup(name->host);
		if (!name->host && from->names[i].host)
			return false;
	}
	return true;
}

static bool copy_table(struct table *to, const struct table *from)
{
	free(to->buckets);
	to->buckets = copy(from->buckets, from->mask + 1ul, sizeof(*to->buckets));
	to->mask = from->mask;
	to->free = from->free;
	return to->buckets;
}

static struct leases *leases_copy(const struct leases *from)
{
	CLEANUP(leases_freep) struct leases *to =
		leases_new_limited(from->key, &from->limits);

	if (!to || !copy_names(to, from) || !copy_table(&to->by_host, &from->by_host) ||
	    !copy_table(&to->by_addr, &from->by_addr))
		return NULL;
	to->records = copy(from->records, from->by_addr.used, sizeof(*to->records));
	if (!to->records)
		return NULL;
	to->by_addr.used = to->by_addr.capacity = from->by_addr.used;
	memcpy(to->wheel, from->wheel, sizeof(to->wheel));
	to->lapsed = from->lapsed;
	to->asked = from->asked;
	to->clock = from->clock;
	to->counts = from->counts;
	return TAKE(to);
}

static void count_elements(struct leases *leases)
{
	leases->counts.elements = 0;
	for (uint32_t i = 0; i < leases->by_addr.used; i++) {
		struct addr addr = store_addr(&leases->records[i]);

		if (leases->records[i].state == RECORD_LIVE)
			leases->counts.elements += (size_t)__builtin_popcount(
				classes_ended_by(leases, i, &addr));
	}
}

struct leases *leases_rejudge(const struct leases *leases,
			      const struct lease_judge *judge, int64_t now)
{
	struct leases *judged = leases_copy(leases);
	struct change change = { .leases = judged, .now = now, .name = NONE };

	if (!judged)
		return NULL;
	for (uint32_t i = 0; i < judged->by_addr.used; i++) {
		struct record *record = &judged->records[i];
		struct addr addr = store_addr(record);

		if (record->state == RECORD_NEW)
			continue;
		record->classes = judge->regrant(judge->context,
						 judged->names[record->name].host, &addr);
		if (record->classes == 0)
			store_forget(judged, i);
	}
	count_elements(judged);
	leases_expire(judged, now);
	room_make(&change);
	return judged;
}
