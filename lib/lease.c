#include "lib/lease_internal.h"

#define SECONDS(ms) ((ms) / 1000)
#define LONGEST_S SECONDS(LEASE_CAP_MS + LEASE_GRACE_MS)

static uint32_t clamp(uint32_t value, uint32_t low, uint32_t high)
{
	return value < low ? low : value > high ? high : value;
}

static uint32_t min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t max(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* The second that is not before now + ms. */
static uint32_t second_after(int64_t now, uint32_t ms)
{
	return (uint32_t)((now + ms + 999) / 1000);
}

/* Until the kernel cannot hold any more what it was told by now. */
static void doubt(struct leases *leases)
{
	doubt_until(leases, leases->clock + LONGEST_S + 1 + SLACK_S);
}

/* The kernel ends its elements by itself: nobody is told. */
static void lapse(struct leases *leases, uint32_t record)
{
	struct change change = { .leases = leases };

	room_close(&change, record);
	store_lapse(leases, record);
	if (leases->counts.lapsed > leases->limits.lapsed) {
		uint32_t first = leases->lapsed;

		doubt_until(leases, leases->records[first].ends + SLACK_S);
		store_forget(leases, first);
	}
}

void leases_expire(struct leases *leases, int64_t now)
{
	uint32_t second = (uint32_t)(now / 1000), steps;

	if (second <= leases->clock)
		return;
	steps = min(second - leases->clock, WHEEL);
	for (uint32_t i = 1; i <= steps; i++) {
		const uint32_t *ending = &leases->wheel[(leases->clock + i) % WHEEL];

		while (*ending != NONE)
			lapse(leases, *ending);
	}
	leases->clock = second;
}

/* What the kernel needs so that each of the classes is open until `end`. */
static void open_classes(struct change *change, const struct addr *addr, uint32_t classes,
			 const struct survey *survey, uint32_t end)
{
	struct leases *leases = change->leases;

	for (uint32_t left = classes; left; left &= left - 1) {
		uint32_t class = (uint32_t)__builtin_ctz(left);
		struct lease_op op = {
			.addr = *addr,
			.class = (uint8_t)class,
			.refresh = survey->known >> class & 1 ||
				   leases->clock < leases->doubt,
			.timeout_ms = lease_left(end, change->now),
		};

		if (survey->ends[class] >= end)
			continue;
		if (survey->ends[class] == 0)
			leases->counts.elements++;
		if (!ops_add(&leases->added, &op))
			change->failed = true;
	}
}

static uint32_t first_to_end(const struct survey *survey, uint32_t classes)
{
	uint32_t first = UINT32_MAX;

	for (uint32_t left = classes; left; left &= left - 1)
		first = min(first, survey->ends[__builtin_ctz(left)]);
	return first;
}

/* Makes a lease last until `need` at least. Where other leases keep its elements open for that long,
 * it ends when they do; else its elements are extended to `until`. */
static void extend(struct change *change, uint32_t record, uint32_t classes,
		   uint32_t need, uint32_t until)
{
	struct leases *leases = change->leases;
	struct record *own = &leases->records[record];
	uint32_t held = own->state == RECORD_LIVE ? own->ends : 0, end;
	struct addr addr = store_addr(own);
	struct survey survey;

	lease_survey(leases, store_first(leases, &addr), NONE, &survey);
	if (held)
		classes |= own->classes;
	end = first_to_end(&survey, classes);
	if (end < max(need, held)) {
		end = max(until, held);
		open_classes(change, &addr, classes, &survey, end);
	} else {
		end = max(min(until, end), held);
	}
	own->classes = classes;
	store_set_end(leases, record, end);
}

static uint32_t find_of_name(const struct leases *leases, uint32_t name,
			     const struct addr *addr)
{
	uint32_t at = store_first(leases, addr);

	while (at != NONE && leases->records[at].name != name)
		at = store_next(leases, at);
	return at;
}

static void learn_addr(struct change *change, const struct lease_addr *learned)
{
	struct leases *leases = change->leases;
	struct name *name = &leases->names[change->name];
	uint32_t at = find_of_name(leases, change->name, &learned->addr);
	bool is_new = at == NONE;
	struct record *own;

	if (is_new)
		at = store_attach(leases, change->name, &learned->addr);
	own = &leases->records[at];
	if (own->state != RECORD_LIVE || own->ends < change->need ||
	    learned->classes & ~own->classes)
		extend(change, at, learned->classes, change->need, change->until);
	if (is_new)
		room_of_address(change, at);
	store_see(leases, at);
	name->soonest = min(name->soonest, own->ends);
	change->lowest = min(change->lowest, own->ends);
	change->fresh++;
}

/* Leases of the name that are live but not in this reply. */
static void extend_unseen(struct change *change)
{
	struct leases *leases = change->leases;
	struct name *name = &leases->names[change->name];
	uint32_t soonest = UINT32_MAX, at = name->first;

	for (uint32_t i = 0; i < name->count;
	     i++, at = leases->records[at].of_name.next) {
		const struct record *own = &leases->records[at];
		uint32_t limit = own->seen + SECONDS(LEASE_UNSEEN_MS);
		uint32_t need = min(change->need, limit);

		if (own->state != RECORD_LIVE)
			continue;
		if (own->ends < need)
			extend(change, at, own->classes, need, min(change->until, limit));
		if (own->ends < limit)
			soonest = min(soonest, own->ends);
	}
	name->soonest = soonest;
}

/* Half a name would promise what the kernel does not hold: it goes as a whole. */
static int give_up(struct change *change, struct error *err)
{
	struct leases *leases = change->leases;
	struct change quiet = { .leases = leases };

	for (uint32_t left = leases->names[change->name].count; left; left--) {
		uint32_t record = store_last_of_name(leases, change->name);

		if (leases->records[record].state == RECORD_LIVE)
			room_close(&quiet, record);
		store_forget(leases, record);
	}
	doubt(leases);
	return error_memory(err);
}

static int learn(struct change *change, const struct lease_addr *addrs, size_t count,
		 struct error *err)
{
	struct leases *leases = change->leases;
	size_t start = change->ops->count;

	leases->added.count = 0;
	for (size_t i = 0; i < count; i++)
		learn_addr(change, &addrs[i]);
	room_make(change);
	if (leases->names[change->name].soonest < change->need)
		extend_unseen(change);
	for (size_t i = 0; i < leases->added.count && !change->failed; i++)
		change->failed = !ops_add(change->ops, &leases->added.v[i]);
	if (!change->failed)
		return 0;
	change->ops->count = start;
	return give_up(change, err);
}

int leases_learn(struct leases *leases, const char *host, const struct lease_addr *addrs,
		 size_t count, uint32_t ttl, int64_t now, struct lease_ops *ops,
		 uint32_t *ret_told, struct error *err)
{
	struct change change = { .leases = leases, .lowest = UINT32_MAX, .ops = ops };
	uint32_t life = clamp(ttl, SECONDS(LEASE_FLOOR_MS), SECONDS(LEASE_CAP_MS)) * 1000;
	uint32_t told = clamp(ttl, LEASE_TOLD_MIN, LEASE_TOLD_MAX);

	leases_expire(leases, now);
	change.now = now;
	change.until = second_after(now, life + LEASE_GRACE_MS);
	change.need = second_after(now, LEASE_RENEW_MS + LEASE_GRACE_MS);
	if (count > 0 || leases_know(leases, host)) {
		if (!store_reserve(leases, count))
			return error_memory(err);
		change.name = store_ask(leases, host);
		if (change.name == NONE)
			return error_memory(err);
		if (learn(&change, addrs, count, err) < 0)
			return -1;
	}
	if (count > 0)
		told = min(told,
			   (lease_left(change.lowest, now) - LEASE_GRACE_MS) / 1000);
	*ret_told = told;
	return 0;
}

/* An extension was refused: the kernel still holds what there was before, and who has more than
 * that has the most. Of what was to be new it holds nothing. */
static void undo_add(struct leases *leases, const struct lease_op *op)
{
	uint32_t first = store_first(leases, &op->addr), bit = UINT32_C(1) << op->class;
	bool others = false;
	struct survey survey;

	lease_survey(leases, first, NONE, &survey);
	if (survey.ends[op->class] == 0)
		return;
	for (uint32_t at = first, next; at != NONE; at = next) {
		struct record *record = &leases->records[at];

		next = store_next(leases, at);
		if (record->state != RECORD_LIVE || !(record->classes & bit))
			continue;
		if (op->refresh && record->ends < survey.ends[op->class]) {
			others = true;
			continue;
		}
		record->classes &= ~bit;
		if (record->classes == 0)
			store_forget(leases, at);
	}
	if (!others)
		leases->counts.elements--;
}

void leases_undo(struct leases *leases, const struct lease_ops *ops)
{
	doubt(leases);
	for (size_t i = 0; i < ops->count; i++) {
		if (!ops->v[i].remove && !ops->v[i].shorter)
			undo_add(leases, &ops->v[i]);
	}
}

bool leases_know(const struct leases *leases, const char *host)
{
	return store_find_name(leases, host) != NONE;
}

const char *leases_name(const struct leases *leases, const struct addr *addr)
{
	const struct record *best = NULL;

	for (uint32_t at = store_first(leases, addr); at != NONE;
	     at = store_next(leases, at)) {
		const struct record *record = &leases->records[at];

		if (!best || record->state < best->state ||
		    (record->state == best->state && record->seen > best->seen))
			best = record;
	}
	return best ? leases->names[best->name].host : NULL;
}

struct lease_counts leases_count(const struct leases *leases)
{
	return leases->counts;
}
