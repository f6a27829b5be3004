#include <string.h>

#include "lib/host.h"
#include "lib/scaffold_internal.h"

static void add_why(struct whys *whys, const struct why *why)
{
	for (size_t i = 0; i < whys->count && i < WHY_MAX; i++)
		if (whys->v[i].line == why->line &&
		    strcmp(whys->v[i].file, why->file) == 0)
			return;
	if (whys->count < WHY_MAX)
		whys->v[whys->count] = *why;
	whys->count++;
}

void guess_nothing(struct guesses *guesses, const struct clue *clue)
{
	add_why(&guesses->left_out, &clue->why);
}

static bool same_ports(const struct entry *a, const struct entry *b)
{
	return a->port_count == b->port_count &&
	       (a->port_count == 0 ||
		memcmp(a->ports, b->ports, a->port_count * sizeof(*a->ports)) == 0);
}

/* Or neither is there. */
static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_host(const struct entry *a, const struct entry *b)
{
	return a->kind == b->kind && same_text(a->host, b->host) &&
	       addr_compare(&a->prefix.base, &b->prefix.base) == 0;
}

static bool same_guess(const struct guess *a, const struct guess *b)
{
	return same_text(a->preset, b->preset) &&
	       (a->preset ||
		(same_host(&a->entry, &b->entry) && same_ports(&a->entry, &b->entry)));
}

static void add(struct guesses *guesses, const struct guess *wanted,
		const struct why *why)
{
	struct guess *guess = guesses->v;

	while (guess < guesses->v + guesses->count && !same_guess(guess, wanted))
		guess++;
	if (guess == guesses->v + GUESSES_MAX) {
		guesses->more = true;
		return;
	}
	if (guess == guesses->v + guesses->count) {
		*guess = *wanted;
		guesses->count++;
	}
	guess->open |= wanted->open;
	add_why(&guess->whys, why);
}

void guess_preset(struct guesses *guesses, const char *name, bool open,
		  const struct why *why, const char *remark)
{
	const struct guess guess = { .preset = name, .open = open, .remark = remark };

	add(guesses, &guess, why);
}

static bool has_ports(const struct entry *entry, const struct entry *part)
{
	for (size_t i = 0; i < part->port_count; i++) {
		const struct port_range *range = &part->ports[i];
		bool found = false;

		for (size_t j = 0; j < entry->port_count && !found; j++)
			found = entry->ports[j].first <= range->first &&
				range->last <= entry->ports[j].last;
		if (!found)
			return false;
	}
	return part->port_count > 0;
}

static const char *find_preset(const struct guesses *guesses, const struct entry *entry)
{
	for (size_t i = 0; i < guesses->preset_count; i++)
		for (size_t j = 0; j < guesses->presets[i].count; j++) {
			const struct entry *known = &guesses->presets[i].entries[j];

			if (known->kind == ENTRY_NAME && same_host(known, entry) &&
			    has_ports(known, entry))
				return guesses->presets[i].name;
		}
	return NULL;
}

/* This machine, its host and its cloud, which no entry opens. */
static bool is_nobody(const char *host)
{
	static const char *const names[] = { "localhost", "metadata.google.internal",
					     "host.docker.internal",
					     "gateway.docker.internal" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(host, names[i]) == 0)
			return true;
	return host_is_below(host, "localhost");
}

/* False: an entry cannot be about that. */
static bool set_host(struct guesses *guesses, const char *text, size_t length,
		     struct entry *entry)
{
	char host[HOST_TEXT];
	struct error unsaid;
	struct addr addr;

	if (addr_parse(text, length, &addr)) {
		enum addr_scope scope = addr_scope(&addr);

		entry->kind = ENTRY_PREFIX;
		entry->prefix = prefix_of(&addr, addr_bits(addr.family));
		return scope == ADDR_PUBLIC || scope == ADDR_PRIVATE;
	}
	if (host_normalise(text, length, host, &unsaid) < 0 || is_nobody(host))
		return false;
	entry->kind = ENTRY_NAME;
	entry->host = arena_strndup(guesses->arena, host, strlen(host));
	guesses->failed |= !entry->host;
	return true;
}

void guess_host(struct guesses *guesses, const struct clue *clue, const char *host,
		size_t length, struct entry *ports)
{
	struct guess guess = { .entry = *ports, .open = clue->marker->own };
	const char *preset;

	if (!set_host(guesses, host, length, &guess.entry)) {
		guess_nothing(guesses, clue);
		return;
	}
	if (guesses->failed)
		return;
	preset = find_preset(guesses, &guess.entry);
	if (preset)
		guess_preset(guesses, preset, guess.open, &clue->why, NULL);
	else
		add(guesses, &guess, &clue->why);
}
