#include "lib/lease_internal.h"

#include "lib/arena.h"

/* Evictions: who goes, and what the kernel has to close for it. */

uint32_t lease_left(uint32_t ends, int64_t now)
{
	return (uint32_t)(ends * INT64_C(1000) - now);
}

void doubt_until(struct leases *leases, uint32_t second)
{
	if (leases->doubt < second)
		leases->doubt = second;
}

bool ops_add(struct lease_ops *ops, const struct lease_op *op)
{
	if (!array_grow(&ops->v, &ops->capacity, ops->count, sizeof(*ops->v)))
		return false;
	ops->v[ops->count++] = *op;
	return true;
}

void lease_survey(const struct leases *leases, uint32_t first, uint32_t without,
		  struct survey *ret)
{
	*ret = (struct survey){ 0 };
	for (uint32_t at = first; at != NONE; at = store_next(leases, at)) {
		const struct record *record = &leases->records[at];

		if (at == without)
			continue;
		ret->known |= record->classes;
		if (record->state != RECORD_LIVE)
			continue;
		for (uint32_t left = record->classes; left; left &= left - 1) {
			uint32_t class = (uint32_t)__builtin_ctz(left);

			if (ret->ends[class] < record->ends)
				ret->ends[class] = record->ends;
		}
	}
}

/* What ends by itself in a moment is left alone: the kernel refuses to remove what is gone. */
static void tell(struct change *change, const struct lease_op *op, uint32_t ends)
{
	if (!change->ops)
		return;
	if (op->remove && lease_left(ends, change->now) < SLACK_S * 1000)
		doubt_until(change->leases, ends + SLACK_S);
	else if (!ops_add(change->ops, op))
		change->failed = true;
}

void room_close(struct change *change, uint32_t record)
{
	struct leases *leases = change->leases;
	const struct record *own = &leases->records[record];
	struct addr addr = store_addr(own);
	struct survey others;

	lease_survey(leases, store_first(leases, &addr), record, &others);
	for (uint32_t left = own->classes; left; left &= left - 1) {
		uint32_t class = (uint32_t)__builtin_ctz(left), ends = others.ends[class];
		struct lease_op op = { .addr = addr, .class = (uint8_t)class };

		if (ends >= own->ends)
			continue;
		if (ends == 0) {
			leases->counts.elements--;
			op.remove = true;
		} else {
			op.refresh = op.shorter = true;
			op.timeout_ms = lease_left(ends, change->now);
		}
		tell(change, &op, own->ends);
	}
}

static void evict(struct change *change, uint32_t record)
{
	struct leases *leases = change->leases;
	const struct record *own = &leases->records[record];

	if (own->state == RECORD_LIVE) {
		leases->counts.evicted++;
		room_close(change, record);
	} else {
		doubt_until(leases, own->ends + SLACK_S);
	}
	store_forget(leases, record);
}

static bool goes_before(const struct leases *leases, const struct record *a,
			const struct record *b)
{
	if (a->state != b->state)
		return a->state == RECORD_LAPSED;
	return leases->names[a->name].asked <= leases->names[b->name].asked;
}

void room_of_address(struct change *change, uint32_t record)
{
	const struct leases *leases = change->leases;
	struct addr addr = store_addr(&leases->records[record]);
	uint32_t count = 0, worst = NONE;

	for (uint32_t at = store_first(leases, &addr); at != NONE;
	     at = store_next(leases, at)) {
		count++;
		if (at != record &&
		    (worst == NONE ||
		     goes_before(leases, &leases->records[at], &leases->records[worst])))
			worst = at;
	}
	if (count > leases->limits.addr_names && worst != NONE)
		evict(change, worst);
}

static bool is_full(const struct leases *leases)
{
	return leases->counts.elements > leases->limits.elements ||
	       leases->counts.live > leases->limits.live ||
	       leases->counts.names > leases->limits.names;
}

void room_make(struct change *change)
{
	struct leases *leases = change->leases;
	uint32_t own = change->name;

	while (own != NONE && leases->names[own].count > leases->limits.name_addrs &&
	       leases->names[own].count > change->fresh)
		evict(change, store_last_of_name(leases, own));
	while (is_full(leases)) {
		uint32_t name = store_last_asked(leases);

		if (name == own && leases->names[own].count <= change->fresh)
			break;
		evict(change, store_last_of_name(leases, name));
	}
}
