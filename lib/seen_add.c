#include "lib/seen_internal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/host.h"

static int compare_hosts(const char *a, const char *b)
{
	size_t i = strlen(a), j = strlen(b);

	while (i && j) {
		size_t from_a = i, from_b = j;
		int order;

		while (from_a && a[from_a - 1] != '.')
			from_a--;
		while (from_b && b[from_b - 1] != '.')
			from_b--;
		order = memcmp(a + from_a, b + from_b,
			       i - from_a < j - from_b ? i - from_a : j - from_b);
		if (order == 0 && i - from_a != j - from_b)
			order = i - from_a < j - from_b ? -1 : 1;
		if (order)
			return order;
		i = from_a ? from_a - 1 : 0;
		j = from_b ? from_b - 1 : 0;
	}
	return i ? 1 : j ? -1 : 0;
}

int seen_compare(const struct entry *a, const struct entry *b)
{
	if (!a->host != !b->host)
		return a->host ? -1 : 1;
	return a->host ? compare_hosts(a->host, b->host)
		       : addr_compare(&a->prefix.base, &b->prefix.base);
}

static int compare_sights(const void *a, const void *b)
{
	const struct sight *left = a, *right = b;
	int order = seen_compare(&left->entry, &right->entry);

	if (!order)
		order = strcmp(left->row->program, right->row->program);
	/* Else as the rows come, the oldest first. */
	return order ? order : (left->row > right->row) - (left->row < right->row);
}

static int compare_seen(const void *a, const void *b)
{
	const struct seen *left = a, *right = b;

	if (left->state != right->state)
		return left->state < right->state ? -1 : 1;
	return seen_compare(&left->entry, &right->entry);
}

void seen_add_text(const char **list, size_t *count, size_t most, const char *text)
{
	for (size_t i = 0; i < *count; i++)
		if (strcmp(list[i], text) == 0)
			return;
	if (*count <= most)
		list[(*count)++] = text;
}

/* It is to stand in a comment, which ends with its line. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

static bool is_host(const char *name)
{
	char host[HOST_TEXT];
	struct error ignored;

	return host_normalise(name, strlen(name), host, &ignored) == 0;
}

static void add_row(struct seen *seen, const struct refusal *row)
{
	uint64_t most = UINT64_MAX - seen->count;

	seen->count += row->count < most ? row->count : most;
	if (row->program[0] && is_plain(row->program))
		seen_add_text(seen->programs, &seen->program_count, SEEN_PROGRAMS,
			      row->program);
}

static bool set_ports(struct arena *arena, struct port_range *ranges, size_t count,
		      struct entry *entry)
{
	size_t kept = ports_normalise(ranges, count);
	struct port_range *ports = arena_alloc(arena, kept * sizeof(*ports));

	if (!ports)
		return false;
	memcpy(ports, ranges, kept * sizeof(*ports));
	entry->ports = ports;
	entry->port_count = kept > UINT16_MAX ? UINT16_MAX : (uint16_t)kept;
	return true;
}

/* The sights of one destination. */
struct place {
	const struct sight *v;
	size_t count;
	struct port_range *ranges; /* room for one of each sight */
	bool connected, asked;
	uint8_t types; /* that were asked for */
};

/* Another name of an address that was connected to counts when it was asked for and never came
 * first: two programs that connect at once to what shares an address look so. */
static bool counts(const struct place *place, const struct sight *sight)
{
	if (sight->kind == SIGHT_QUESTION)
		return sight->state != SEEN_ASKED;
	return sight->kind == SIGHT_CONNECTION || (!place->connected && place->asked);
}

static void add_sight(struct seen *seen, const struct sight *sight)
{
	struct entry *entry = &seen->entry;
	const struct refusal *row = sight->row;

	if (!seen->entry.host && !seen->entry.prefix.base.family)
		*entry = sight->entry;
	add_row(seen, row);
	entry->private_ok = entry->private_ok || sight->entry.private_ok;
	if (!seen->why)
		seen->why = sight->why;
	if (!seen->rule)
		seen->rule = sight->rule;
	for (size_t i = 0; sight->kind != SIGHT_QUESTION && i < row->name_count; i++)
		if (is_host(row->names[i]) &&
		    (!entry->host || strcmp(entry->host, row->names[i]) != 0))
			seen_add_text(seen->others, &seen->other_count, SEEN_OTHERS,
				      row->names[i]);
}

/* `used` says it already. */
static bool is_said(const struct entry *used, const struct sight *sight)
{
	return used->port_count && sight->has_port &&
	       seen_opens(used->ports, used->port_count, sight->port.first);
}

/* All sights of one state as one seen; 0: there are none; -1: out of memory. */
static int add_up(const struct place *place, enum seen_state state,
		  const struct entry *used, struct arena *arena, struct seen *ret)
{
	size_t ranges = 0, found = 0;

	*ret = (struct seen){ .state = state };
	for (size_t i = 0; i < place->count; i++) {
		const struct sight *sight = &place->v[i];

		if (sight->state != state || !counts(place, sight) ||
		    is_said(used, sight))
			continue;
		found++;
		add_sight(ret, sight);
		if (sight->has_port)
			place->ranges[ranges++] = sight->port;
	}
	/* Without: of a question for records the ports of the line that allows the name. */
	if (ranges && !set_ports(arena, place->ranges, ranges, &ret->entry))
		return -1;
	if (ret->entry.port_count > ENTRY_PORTS_MAX) {
		ret->state = SEEN_CLOSED;
		ret->why = "more ports than a line can list";
		ret->entry.port_count = 0;
	}
	return found > 0;
}

static int add_asked(const struct place *place, struct seen *ret)
{
	*ret = (struct seen){ .state = SEEN_ASKED };
	for (size_t i = 0; i < place->count; i++)
		if (place->v[i].kind == SIGHT_QUESTION)
			add_sight(ret, &place->v[i]);
	return 1;
}

static bool push(struct sights *sights, const struct seen *seen)
{
	if (!array_grow(&sights->v, &sights->capacity, sights->count, sizeof(*seen)))
		return false;
	sights->v[sights->count++] = *seen;
	return true;
}

static void look_at(struct place *place)
{
	for (size_t i = 0; i < place->count; i++) {
		enum sight_kind kind = place->v[i].kind;

		place->connected = place->connected || kind == SIGHT_CONNECTION;
		place->asked = place->asked || kind == SIGHT_QUESTION;
		place->types |= place->v[i].entry.types;
	}
}

static bool add_up_place(struct place *place, struct arena *arena, struct sights *ret)
{
	struct entry used = { 0 };
	bool any = false;
	struct seen seen;

	look_at(place);
	for (enum seen_state state = 0; state <= SEEN_ASKED; state++) {
		int found = 0;

		if (state != SEEN_ASKED)
			found = add_up(place, state, &used, arena, &seen);
		else if (!any && place->asked)
			found = add_asked(place, &seen);
		if (found < 0)
			return false;
		/* A question alone says nothing beside a connection. */
		if (found == 0 || (any && !seen.entry.port_count && place->connected))
			continue;
		seen.entry.types = place->types;
		if (seen.state == SEEN_USED)
			used = seen.entry;
		any = true;
		if (!push(ret, &seen))
			return false;
	}
	return true;
}

bool seen_add_up(struct sight_list *list, struct arena *arena, struct sights *ret)
{
	struct port_range *ranges = calloc(list->count + 1, sizeof(*ranges));
	struct place place;
	bool done = ranges;

	if (list->count)
		qsort(list->v, list->count, sizeof(*list->v), compare_sights);
	for (size_t i = 0; done && i < list->count; i += place.count) {
		place = (struct place){ .v = list->v + i, .ranges = ranges };
		while (i + place.count < list->count &&
		       seen_compare(&place.v->entry, &place.v[place.count].entry) == 0)
			place.count++;
		done = add_up_place(&place, arena, ret);
	}
	free(ranges);
	if (ret->count)
		qsort(ret->v, ret->count, sizeof(*ret->v), compare_seen);
	return done;
}

bool seen_add_ports(const struct sight_list *list, struct arena *arena,
		    struct seen_ports *ret)
{
	struct port_range *ranges = calloc(list->count + 1, sizeof(*ranges));
	const struct place place = { list->v, list->count, ranges, true, false, 0 };
	const struct entry nothing = { 0 };
	bool done;

	*ret = (struct seen_ports){ 0 };
	done = ranges && add_up(&place, SEEN_USED, &nothing, arena, &ret->used) >= 0 &&
	       add_up(&place, SEEN_REFUSED, &ret->used.entry, arena, &ret->refused) >= 0;
	free(ranges);
	return done;
}
