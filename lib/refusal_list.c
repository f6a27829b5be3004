#include "lib/refusal_list.h"

#include <stdlib.h>
#include <string.h>

#include "lib/json.h"

struct reading {
	struct refusal_list *list;
	const uint8_t *key;
	struct arena *arena;
	int64_t since;
	uint32_t *places; /* open addressing: the row's number from 1; 0: free */
	size_t mask;
};

static size_t count_lines(const char *text, size_t length)
{
	size_t count = 1;

	for (size_t i = 0; i < length; i++)
		count += text[i] == '\n';
	return count;
}

/* Room for every line to be a row of its own, half of the places staying free. */
static int make_room(struct reading *reading, size_t lines, struct error *err)
{
	size_t places = 4;

	while (places < 2 * lines)
		places *= 2;
	reading->mask = places - 1;
	reading->places = calloc(places, sizeof(*reading->places));
	reading->list->v = calloc(lines, sizeof(*reading->list->v));
	return reading->places && reading->list->v ? 0 : error_memory(err);
}

/* The later one's words count: a policy may have changed meanwhile. */
static void merge(struct refusal *row, const struct refusal *more)
{
	uint64_t count = row->count + more->count;

	if (count < row->count)
		count = UINT64_MAX;
	if (more->time >= row->time)
		*row = *more;
	row->count = count;
}

static void add(struct reading *reading, const struct refusal *refusal)
{
	struct refusal_list *list = reading->list;
	size_t at = (size_t)refusal_hash(reading->key, refusal) & reading->mask;

	for (; reading->places[at]; at = (at + 1) & reading->mask) {
		struct refusal *row = &list->v[reading->places[at] - 1];

		if (refusal_same(row, refusal)) {
			merge(row, refusal);
			return;
		}
	}
	list->v[list->count++] = *refusal;
	reading->places[at] = (uint32_t)list->count;
}

static void add_lost(struct refusal_list *list, int64_t time, uint64_t lost)
{
	if (time > list->lost_time)
		list->lost_time = time;
	if (lost <= UINT64_MAX - list->lost)
		list->lost += lost;
}

static void read_line(struct reading *reading, const char *line, size_t length)
{
	struct refusal refusal;
	uint64_t lost;
	int64_t time;

	if (refusal_parse_json(line, length, reading->arena, &refusal)) {
		if (refusal.time >= reading->since)
			add(reading, &refusal);
	} else if (refusal_parse_lost(line, length, &time, &lost)) {
		if (time >= reading->since)
			add_lost(reading->list, time, lost);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct refusal *left = a, *right = b;

	return (left->time > right->time) - (left->time < right->time);
}

int refusal_list_read(struct refusal_list *ret, const char *text, size_t length,
		      int64_t since, const uint8_t key[static HASH_KEY],
		      struct arena *arena, struct error *err)
{
	struct refusal_list list = { 0 };
	struct reading reading = {
		.list = &list, .key = key, .arena = arena, .since = since
	};

	if (make_room(&reading, count_lines(text, length), err) < 0) {
		free(reading.places);
		refusal_list_release(&list);
		return -1;
	}
	(void)json_starved();
	for (size_t at = 0; at < length;) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t line = end ? (size_t)(end - text) - at : length - at;

		read_line(&reading, text + at, line);
		at += line + 1;
	}
	free(reading.places);
	/* A line that is not understood is left out, one that there was no room for is not. */
	if (json_starved()) {
		refusal_list_release(&list);
		return error_memory(err);
	}
	if (list.count)
		qsort(list.v, list.count, sizeof(*list.v), by_time);
	*ret = list;
	return 0;
}

void refusal_list_release(struct refusal_list *list)
{
	free(list->v);
	*list = (struct refusal_list){ 0 };
}
