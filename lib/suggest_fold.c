#include "lib/suggest_fold.h"

#include <stdlib.h>
#include <string.h>

#include "lib/host.h"
#include "lib/zone.h"

static struct line *push(struct lines *lines)
{
	if (!array_grow(&lines->v, &lines->capacity, lines->count, sizeof(*lines->v)))
		return NULL;
	lines->v[lines->count] = (struct line){ 0 };
	return &lines->v[lines->count++];
}

/* What one line says is said by another from now on. */
static void fold_into(struct line *into, struct line *from)
{
	struct seen *all = &into->seen, *one = &from->seen;
	uint64_t most = UINT64_MAX - all->count;

	from->folded = true;
	into->names++;
	all->count += one->count < most ? one->count : most;
	for (size_t i = 0; i < one->program_count; i++)
		seen_add_text(all->programs, &all->program_count, SEEN_PROGRAMS,
			      one->programs[i]);
	seen_add_text(all->others, &all->other_count, SEEN_OTHERS, one->entry.host);
}

static bool is_used_name(const struct line *line)
{
	return line->seen.state == SEEN_USED && line->seen.entry.host && !line->folded;
}

/* --- presets ----------------------------------------------------------------------------- */

/* Whatever the protocol: presets open both for a port that clients try both on. */
static bool has_port(const struct entry *entry, uint32_t port)
{
	for (size_t i = 0; i < entry->port_count; i++) {
		struct port_range range = entry->ports[i];
		uint32_t line = range.first >= PORTSET_UDP ? PORTSET_UDP : 0;

		if (range.first <= port + line && port + line <= range.last)
			return true;
	}
	return false;
}

/* Does `a` have every port of `b`? */
static bool has_ports(const struct entry *a, const struct entry *b)
{
	for (size_t i = 0; i < b->port_count; i++)
		for (uint32_t at = b->ports[i].first; at <= b->ports[i].last; at++)
			if (!has_port(a, at % PORTSET_UDP))
				return false;
	return b->port_count > 0;
}

/* A line as a preset's entry would be one: the name, nothing special. */
static bool is_of(const struct line *line, const struct entry *entry)
{
	const struct entry *seen = &line->seen.entry;

	return entry->kind == ENTRY_NAME && seen->host && !seen->private_ok &&
	       !seen->types && strcmp(seen->host, entry->host) == 0;
}

static struct line *find_line(const struct lines *lines, const struct entry *entry)
{
	for (size_t i = 0; i < lines->count; i++)
		if (is_used_name(&lines->v[i]) && is_of(&lines->v[i], entry))
			return &lines->v[i];
	return NULL;
}

static bool was_used(const struct lines *lines, const struct preset *preset)
{
	for (size_t i = 0; i < preset->count; i++) {
		const struct entry *entry = &preset->entries[i];
		const struct line *line = find_line(lines, entry);

		if (!line || !has_ports(&line->seen.entry, entry))
			return false;
	}
	return preset->count > 0;
}

static bool fold_preset(struct lines *lines, const struct preset *preset)
{
	struct line whole = { .seen.state = SEEN_USED, .whole = preset }, *last;

	if (!was_used(lines, preset))
		return true;
	for (size_t i = 0; i < preset->count; i++) {
		struct line *line = find_line(lines, &preset->entries[i]);

		/* What was used of it on other ports keeps its line. */
		if (line && has_ports(&preset->entries[i], &line->seen.entry))
			fold_into(&whole, line);
	}
	last = push(lines);
	if (last)
		*last = whole;
	return last;
}

static void find_part(const struct suggestion *suggestion, struct line *line)
{
	for (size_t i = 0; i < suggestion->preset_count && !line->part; i++) {
		const struct preset *preset = &suggestion->presets[i];

		for (size_t j = 0; j < preset->count; j++)
			if (is_of(line, &preset->entries[j]) &&
			    (!line->seen.entry.port_count ||
			     has_ports(&preset->entries[j], &line->seen.entry)))
				line->part = preset;
	}
}

/* --- wildcards --------------------------------------------------------------------------- */

struct folder {
	struct lines *lines;
	size_t count; /* lines->used */
	/* For each such line which set of ports it has, as a number; and for each of those, of the
	 * domain at hand: */
	size_t *ids, *below, *made; /* lines below it; the wildcard, from 1 */
	size_t wildcards;           /* of the domain at hand */
};

static const char *domain_of(const char *host, size_t labels)
{
	const char *at = host + strlen(host);

	while (at > host && (at[-1] != '.' || --labels))
		at--;
	return at;
}

static size_t label_count(const char *host)
{
	size_t count = 1;

	for (; *host; host++)
		count += *host == '.';
	return count;
}

static bool has_labels(const struct line *line, size_t labels)
{
	return label_count(line->seen.entry.host) >= labels;
}

static int compare_ports(const struct entry *a, const struct entry *b)
{
	if (a->port_count != b->port_count)
		return a->port_count < b->port_count ? -1 : 1;
	if (a->private_ok != b->private_ok || a->types != b->types)
		return a->private_ok * 256 + a->types < b->private_ok * 256 + b->types
			       ? -1
			       : 1;
	return a->port_count
		       ? memcmp(a->ports, b->ports, a->port_count * sizeof(*a->ports))
		       : 0;
}

static int compare_lines(const void *a, const void *b)
{
	return compare_ports(&(*(const struct line *const *)a)->seen.entry,
			     &(*(const struct line *const *)b)->seen.entry);
}

static bool number_ports(struct folder *folder)
{
	const struct line **sorted = calloc(folder->count, sizeof(*sorted));
	size_t id = 0;

	if (!sorted)
		return false;
	for (size_t i = 0; i < folder->count; i++)
		sorted[i] = &folder->lines->v[i];
	qsort(sorted, folder->count, sizeof(*sorted), compare_lines);
	for (size_t i = 0; i < folder->count; i++) {
		id += i && compare_lines(&sorted[i - 1], &sorted[i]) != 0;
		folder->ids[sorted[i] - folder->lines->v] = id;
	}
	free(sorted);
	return true;
}

static bool add_wildcard(struct folder *folder, size_t from, const char *domain)
{
	size_t *made = &folder->made[folder->ids[from]];
	struct line *line;

	if (!*made && folder->wildcards == FOLD_MOST)
		return true;
	if (!*made) {
		folder->wildcards++;
		line = push(folder->lines);
		if (!line)
			return false;
		*made = folder->lines->count;
		line->seen.entry = folder->lines->v[from].seen.entry;
		line->seen.entry.kind = ENTRY_BELOW;
		line->seen.entry.host = domain;
		folder->lines->wildcards = true;
	}
	line = &folder->lines->v[*made - 1];
	if (strcmp(folder->lines->v[from].seen.entry.host, domain) == 0)
		line->seen.entry.kind = ENTRY_SUBTREE;
	fold_into(line, &folder->lines->v[from]);
	return true;
}

/* The lines from `first` up to `end` are a domain's, the domain itself perhaps among them. */
static bool fold_domain(struct folder *folder, size_t first, size_t end,
			const char *domain)
{
	const struct line *lines = folder->lines->v;

	if (zone_is_public(domain))
		return true;
	folder->wildcards = 0;
	for (size_t i = first; i < end; i++) {
		folder->below[folder->ids[i]] = 0;
		folder->made[folder->ids[i]] = 0;
	}
	for (size_t i = first; i < end; i++)
		if (is_used_name(&lines[i]) &&
		    host_is_below(lines[i].seen.entry.host, domain))
			folder->below[folder->ids[i]]++;
	for (size_t i = first; i < end; i++)
		if (is_used_name(&folder->lines->v[i]) &&
		    folder->below[folder->ids[i]] >= FOLD_LEAST &&
		    !add_wildcard(folder, i, domain))
			return false;
	return true;
}

/* The deepest domains first: what is below one of them is not opened for one above. */
static bool fold_domains(struct folder *folder)
{
	size_t labels = 0, end;

	for (size_t i = 0; i < folder->count; i++)
		if (has_labels(&folder->lines->v[i], labels + 1))
			labels = label_count(folder->lines->v[i].seen.entry.host);
	for (; labels >= 2; labels--) {
		for (size_t i = 0; i < folder->count; i = end) {
			const char *domain;

			end = i + 1;
			if (!has_labels(&folder->lines->v[i], labels))
				continue;
			domain = domain_of(folder->lines->v[i].seen.entry.host, labels);
			while (end < folder->count &&
			       has_labels(&folder->lines->v[end], labels) &&
			       strcmp(domain_of(folder->lines->v[end].seen.entry.host,
						labels),
				      domain) == 0)
				end++;
			if (!fold_domain(folder, i, end, domain))
				return false;
		}
	}
	return true;
}

/* A wildcard below another that opens the same says nothing. Deeper ones were made before. */
static void fold_deeper(struct lines *lines, struct line *deeper)
{
	for (size_t i = lines->count; &lines->v[--i] != deeper;) {
		struct line *line = &lines->v[i];

		if (line->folded ||
		    !host_is_below(deeper->seen.entry.host, line->seen.entry.host) ||
		    compare_ports(&line->seen.entry, &deeper->seen.entry) != 0)
			continue;
		line->names += deeper->names - 1;
		fold_into(line, deeper);
		return;
	}
}

static bool fold_wildcards(struct lines *lines)
{
	struct folder folder = { .lines = lines, .count = lines->used };
	size_t first = lines->count;
	bool done;

	if (folder.count < FOLD_LEAST)
		return true;
	folder.ids = calloc(3 * folder.count, sizeof(*folder.ids));
	if (!folder.ids)
		return false;
	folder.below = folder.ids + folder.count;
	folder.made = folder.below + folder.count;
	done = number_ports(&folder) && fold_domains(&folder);
	for (size_t i = first; i < lines->count; i++)
		fold_deeper(lines, &lines->v[i]);
	free(folder.ids);
	return done;
}

bool fold_lines(const struct suggestion *suggestion, const struct sights *sights,
		struct lines *ret)
{
	*ret = (struct lines){ 0 };
	for (size_t i = 0; i < sights->count; i++) {
		struct line *line = push(ret);

		if (!line)
			return false;
		line->seen = sights->v[i];
		if (is_used_name(line))
			ret->used = ret->count;
	}
	for (size_t i = 0; i < suggestion->preset_count; i++)
		if (!fold_preset(ret, &suggestion->presets[i]))
			return false;
	for (size_t i = 0; i < sights->count; i++)
		find_part(suggestion, &ret->v[i]);
	return !suggestion->wildcards || fold_wildcards(ret);
}

void lines_release(struct lines *lines)
{
	free(lines->v);
	*lines = (struct lines){ 0 };
}
