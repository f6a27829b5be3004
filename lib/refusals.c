#include "lib/refusals.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"

#define BUCKETS REFUSALS_MAX
#define NONE UINT16_MAX

struct row {
	struct refusal what; /* count: untold; texts are in `texts` */
	char *texts;         /* owned; one block */
	uint64_t hash;
	int64_t since;    /* when the first came that is untold */
	int64_t again;    /* not written before */
	int64_t interval; /* from the last time it was written to `again`; 0: never was */
	uint16_t chain;   /* of its bucket */
	uint16_t older, newer; /* by when it was last added to */
};

struct refusals {
	uint8_t key[HASH_KEY];
	uint16_t buckets[BUCKETS];
	struct row *rows;
	size_t count, capacity;
	uint16_t oldest, newest;
	int64_t soonest;             /* no row is due before; INT64_MAX: none is */
	int64_t told[REFUSALS_RATE]; /* when the last rows were written; a ring */
	size_t told_at;              /* the first of them */
	struct refusals_totals totals;
};

struct refusals *refusals_new(const uint8_t key[static HASH_KEY])
{
	struct refusals *refusals = calloc(1, sizeof(*refusals));

	if (!refusals)
		return NULL;
	memcpy(refusals->key, key, HASH_KEY);
	memset(refusals->buckets, 0xff, sizeof(refusals->buckets));
	refusals->oldest = refusals->newest = NONE;
	refusals->soonest = INT64_MAX;
	for (size_t i = 0; i < REFUSALS_RATE; i++)
		refusals->told[i] = INT64_MIN / 2;
	return refusals;
}

void refusals_free(struct refusals *refusals)
{
	if (!refusals)
		return;
	for (size_t i = 0; i < refusals->count; i++)
		free(refusals->rows[i].texts);
	free(refusals->rows);
	free(refusals);
}

/* A clock that was set back leaves times behind that are further away than anything ever waits. */
static bool reached(int64_t now, int64_t when)
{
	return now >= when || when - now > REFUSALS_AGAIN_MAX_MS;
}

static uint16_t *bucket_of(struct refusals *refusals, uint64_t hash)
{
	return &refusals->buckets[hash % BUCKETS];
}

static void unlink_row(struct refusals *refusals, uint16_t at)
{
	struct row *row = &refusals->rows[at];

	*(row->older == NONE ? &refusals->oldest : &refusals->rows[row->older].newer) =
		row->newer;
	*(row->newer == NONE ? &refusals->newest : &refusals->rows[row->newer].older) =
		row->older;
}

static void link_newest(struct refusals *refusals, uint16_t at)
{
	struct row *row = &refusals->rows[at];

	row->older = refusals->newest;
	row->newer = NONE;
	*(row->older == NONE ? &refusals->oldest : &refusals->rows[row->older].newer) =
		at;
	refusals->newest = at;
}

static uint16_t find(struct refusals *refusals, const struct refusal *refusal,
		     uint64_t hash)
{
	uint16_t at = *bucket_of(refusals, hash);

	while (at != NONE && (refusals->rows[at].hash != hash ||
			      !refusal_same(&refusals->rows[at].what, refusal)))
		at = refusals->rows[at].chain;
	return at;
}

/* Takes the row out of the table; its place is free then. */
static void evict(struct refusals *refusals, uint16_t at)
{
	struct row *row = &refusals->rows[at];
	uint16_t *link = bucket_of(refusals, row->hash);

	while (*link != at)
		link = &refusals->rows[*link].chain;
	*link = row->chain;
	unlink_row(refusals, at);
	refusals->totals.lost += row->what.count;
	free(row->texts);
	*row = (struct row){ 0 };
}

/* Nothing untold, and so long ago that it would be written at once and as if new. */
static bool is_quiet(const struct row *row, int64_t now)
{
	return row->what.count == 0 && now >= row->again + row->interval;
}

/* A free place; NONE without memory, and when the last of the table is left. */
static uint16_t take_place(struct refusals *refusals, int64_t now)
{
	uint16_t at = refusals->oldest;

	if (at == NONE ||
	    (refusals->count < REFUSALS_MAX && !is_quiet(&refusals->rows[at], now))) {
		if (array_grow(&refusals->rows, &refusals->capacity, refusals->count,
			       sizeof(*refusals->rows)))
			return (uint16_t)refusals->count++;
		if (at == NONE)
			return NONE;
	}
	evict(refusals, at);
	return at;
}

/* What of the texts is kept, and how long they are. */
struct texts {
	size_t names, length;
	const char *allow, *rule;
};

static bool text_fits(struct texts *texts, const char *text)
{
	size_t size = text ? strlen(text) + 1 : 0;

	if (!text || size > REFUSALS_TEXTS - texts->length)
		return false;
	texts->length += size;
	return true;
}

static struct texts texts_choose(const struct refusal *refusal)
{
	struct texts texts = { 0 };

	while (texts.names < refusal->name_count && texts.names < 1 &&
	       text_fits(&texts, refusal->names[texts.names]))
		texts.names++;
	texts.allow = text_fits(&texts, refusal->allow) ? refusal->allow : NULL;
	texts.rule = text_fits(&texts, refusal->rule) ? refusal->rule : NULL;
	while (texts.names && texts.names < refusal->name_count &&
	       text_fits(&texts, refusal->names[texts.names]))
		texts.names++;
	return texts;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool has_texts(const struct row *row, const struct refusal *refusal,
		      const struct texts *texts)
{
	if (row->what.name_count != texts->names ||
	    !same_text(row->what.allow, texts->allow) ||
	    !same_text(row->what.rule, texts->rule))
		return false;
	for (size_t i = 0; i < texts->names; i++)
		if (strcmp(row->what.names[i], refusal->names[i]) != 0)
			return false;
	return true;
}

/* Everything but the count. False without memory: the row is as it was. */
static bool row_set(struct row *row, const struct refusal *refusal)
{
	struct texts texts = texts_choose(refusal);
	struct refusal what = *refusal;
	char *block;

	if (row->texts && has_texts(row, refusal, &texts)) {
		row->what.time = refusal->time;
		row->what.type = refusal->type;
		return true;
	}
	what.count = row->what.count;
	what.name_count = texts.names;
	what.allow = texts.allow;
	what.rule = texts.rule;
	block = refusal_copy(&what, &what);
	if (!block)
		return false;
	free(row->texts);
	row->texts = block;
	row->what = what;
	return true;
}

/* A new row; NONE without memory. */
static uint16_t insert(struct refusals *refusals, const struct refusal *refusal,
		       uint64_t hash)
{
	uint16_t *bucket = bucket_of(refusals, hash), at = NONE;
	struct row row = { .hash = hash, .again = refusal->time };

	if (row_set(&row, refusal))
		at = take_place(refusals, refusal->time);
	if (at == NONE) {
		free(row.texts);
		return NONE;
	}
	row.chain = *bucket;
	refusals->rows[at] = row;
	*bucket = at;
	return at;
}

static int64_t due_of(const struct row *row)
{
	return row->again > row->since ? row->again : row->since;
}

void refusals_add(struct refusals *refusals, const struct refusal *refusal)
{
	uint64_t hash = refusal_hash(refusals->key, refusal);
	uint16_t at = find(refusals, refusal, hash);
	struct row *row;

	if (refusal->count == 0)
		return;
	refusals->totals.counts[refusal->reason] += refusal->count;
	if (at != NONE) {
		unlink_row(refusals, at);
		/* Without memory the older texts are as good. */
		(void)row_set(&refusals->rows[at], refusal);
	} else {
		at = insert(refusals, refusal, hash);
	}
	if (at == NONE) {
		refusals->totals.lost += refusal->count;
		return;
	}
	row = &refusals->rows[at];
	link_newest(refusals, at);
	if (row->what.count == 0)
		row->since = refusal->time;
	row->what.count += refusal->count;
	if (due_of(row) < refusals->soonest)
		refusals->soonest = due_of(row);
}

/* Takes what is untold of a row. */
static void tell(struct row *row, struct refusal *ret)
{
	*ret = row->what;
	row->what.count = 0;
}

/* It is written at `now`; how long will it be silent? A row that was quiet for as long as it had
 * been silent before begins anew. */
static void back_off(struct row *row, int64_t now)
{
	bool quiet = row->interval == 0 || row->since >= row->again + row->interval;

	row->interval = quiet ? REFUSALS_AGAIN_MS : row->interval * 2;
	if (row->interval > REFUSALS_AGAIN_MAX_MS)
		row->interval = REFUSALS_AGAIN_MAX_MS;
	row->again = now + row->interval;
}

/* The row that is due for longest, and when the next one will be. */
static struct row *find_due(struct refusals *refusals, int64_t now)
{
	struct row *due = NULL;

	refusals->soonest = INT64_MAX;
	for (size_t i = 0; i < refusals->count; i++) {
		struct row *row = &refusals->rows[i];

		if (row->what.count == 0)
			continue;
		if (due_of(row) < refusals->soonest)
			refusals->soonest = due_of(row);
		if (reached(now, due_of(row)) && (!due || due_of(row) < due_of(due)))
			due = row;
	}
	return due;
}

/* When the rate lets another row through. */
static int64_t rate_ends(const struct refusals *refusals)
{
	return refusals->told[refusals->told_at] + 1000;
}

bool refusals_next(struct refusals *refusals, int64_t now, struct refusal *ret)
{
	struct row *row;

	if (refusals->soonest == INT64_MAX || !reached(now, refusals->soonest) ||
	    !reached(now, rate_ends(refusals)))
		return false;
	row = find_due(refusals, now);
	if (!row)
		return false;
	tell(row, ret);
	back_off(row, now);
	refusals->told[refusals->told_at] = now;
	refusals->told_at = (refusals->told_at + 1) % REFUSALS_RATE;
	find_due(refusals, now);
	return true;
}

int64_t refusals_due(const struct refusals *refusals)
{
	int64_t rate = rate_ends(refusals);

	if (refusals->soonest == INT64_MAX)
		return -1;
	return refusals->soonest > rate ? refusals->soonest : rate;
}

bool refusals_rest(struct refusals *refusals, struct refusal *ret)
{
	struct row *row = find_due(refusals, INT64_MAX);

	if (!row)
		return false;
	tell(row, ret);
	find_due(refusals, INT64_MAX);
	return true;
}

struct refusals_totals refusals_totals(const struct refusals *refusals)
{
	return refusals->totals;
}
