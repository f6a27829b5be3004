#include "lib/policy_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/zone.h"

/* --- repetitions ------------------------------------------------------------------------- */

/* An open hash table of indices (from 1), at most half full. Where it lies in memory seeds the
 * hash, so that nobody can write a policy whose entries all collide. */
struct fold {
	struct entry *entries;
	uint32_t *slots;
	size_t mask;
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

static uint64_t hash_entry(const struct fold *fold, const struct entry *entry)
{
	uint64_t hash =
		mix((uintptr_t)fold->slots, (uint64_t)entry->kind << 8 | entry->deny);

	hash = mix(hash, (uint64_t)entry->prefix.base.value);
	hash = mix(hash, (uint64_t)(entry->prefix.base.value >> 64));
	hash = mix(hash, entry->prefix.length);
	for (const char *c = entry->host; c && *c; c++)
		hash = mix(hash, (unsigned char)*c);
	for (size_t i = 0; i < entry->port_count; i++)
		hash = mix(hash,
			   (uint64_t)entry->ports[i].first << 32 | entry->ports[i].last);
	return hash;
}

static bool same_target(const struct entry *a, const struct entry *b)
{
	if (a->host || b->host)
		return a->host && b->host && strcmp(a->host, b->host) == 0;
	return a->prefix.base.family == b->prefix.base.family &&
	       a->prefix.base.value == b->prefix.base.value &&
	       a->prefix.length == b->prefix.length;
}

/* Does the earlier entry say all of the later one, but for who says it? */
static bool says_the_same(const struct entry *earlier, const struct entry *later)
{
	size_t bytes = later->port_count * sizeof(*later->ports);

	return earlier->kind == later->kind && earlier->deny == later->deny &&
	       earlier->private_ok == later->private_ok &&
	       (earlier->required || !later->required) &&
	       !(later->types & ~earlier->types) &&
	       earlier->port_count == later->port_count && same_target(earlier, later) &&
	       (bytes == 0 || memcmp(earlier->ports, later->ports, bytes) == 0);
}

/* A project's literal weighs among the project's own, so it counts beside the operator's; a
 * name only opens what nobody denies, whoever says it. */
static bool trust_matters(const struct entry *entry)
{
	return entry->kind == ENTRY_PREFIX || entry->kind == ENTRY_ATTACHED ||
	       entry->private_ok;
}

/* Finds the entry's earlier equal and sets `same`; or enters it. Returns whether somebody said
 * it before. */
static bool fold_entry(struct fold *fold, size_t index)
{
	struct entry *entry = &fold->entries[index];
	size_t slot = hash_entry(fold, entry) & fold->mask;
	bool known = false;

	for (; fold->slots[slot]; slot = (slot + 1) & fold->mask) {
		struct entry *earlier = &fold->entries[fold->slots[slot] - 1];

		if (!says_the_same(earlier, entry))
			continue;
		known = true;
		if (earlier->trust == entry->trust || !trust_matters(entry)) {
			entry->same = earlier;
			return true;
		}
	}
	fold->slots[slot] = (uint32_t)index + 1;
	return known;
}

static int fold_entries(struct policy *policy, struct error *err)
{
	struct fold fold = { .entries = policy->entries, .mask = 63 };

	while (fold.mask < 2 * policy->count)
		fold.mask = 2 * fold.mask + 1;
	fold.slots = calloc(fold.mask + 1, sizeof(*fold.slots));
	if (!fold.slots)
		return error_memory(err);
	for (size_t i = 0; i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];
		bool known = fold_entry(&fold, i);

		if (entry->trust == TRUST_PROJECT && !entry->deny && !known)
			policy->project_added++;
	}
	free(fold.slots);
	return 0;
}

/* --- gathering --------------------------------------------------------------------------- */

static bool needs_guard(const struct entry *entry)
{
	return entry_is_wildcard(entry) || (entry_is_name(entry) && entry->deny);
}

/* May the project's wildcards not count? The operator wants another stance than they need, and
 * what only widens can be left out; what narrows may not, so that a deny fails instead. */
static bool withholds_wildcards(const struct policy *policy, const struct layer *project)
{
	const char *said = policy->dns_origin.source;

	return policy->mode != MODE_NONE && policy->dns != STANCE_GUARDED && said &&
	       strcmp(said, project->source) != 0;
}

/* The allow entries of a project that do not count. */
struct left_out {
	struct entry first_wildcard; /* a copy: its place is taken by what follows */
	struct origin first;
	size_t wildcards, count;
};

static void note_left_out(const struct policy *policy, const struct left_out *left_out,
			  struct notes *notes)
{
	char shown[128], place[ORIGIN_TEXT], also[64] = "";
	const struct entry *wildcard = &left_out->first_wildcard;

	if (left_out->count)
		notes_add(notes, NOTE_WARNING, &left_out->first,
			  "trust_project is tighten: %zu allow %s left out",
			  left_out->count,
			  left_out->count == 1 ? "entry of the project is"
					       : "entries of the project are");
	if (!left_out->wildcards)
		return;
	if (left_out->wildcards > 1)
		snprintf(also, sizeof(also), " (and %zu more)", left_out->wildcards - 1);
	notes_add(notes, NOTE_WARNING, &wildcard->origin,
		  "the project's wildcard '%s'%s is left out: it needs dns: guarded, but "
		  "dns is %s (%s)",
		  escape(shown, sizeof(shown), wildcard->text, strlen(wildcard->text)),
		  also, stance_name(policy->dns),
		  origin_format(&policy->dns_origin, place));
}

/* Puts the layer's entries behind those gathered, which may lie in the same array. */
static void gather_layer(const struct layer *layer, struct notes *notes,
			 struct policy *policy)
{
	bool stranger = layer->kind == LAYER_PROJECT && policy->trust != TRUST_OVERRIDE;
	bool without_allow = stranger && policy->trust == TRUST_TIGHTEN;
	bool without_wildcards = stranger && withholds_wildcards(policy, layer);
	struct left_out left_out = { 0 };

	for (size_t i = 0; i < layer->count; i++) {
		const struct entry *entry = &layer->entries[i];

		if (without_allow && !entry->deny) {
			if (left_out.count++ == 0)
				left_out.first = entry->origin;
			continue;
		}
		if (without_wildcards && !entry->deny && entry_is_wildcard(entry)) {
			if (left_out.wildcards++ == 0)
				left_out.first_wildcard = *entry;
			continue;
		}
		policy->entries[policy->count] = *entry;
		policy->entries[policy->count++].trust =
			stranger ? TRUST_PROJECT : TRUST_OPERATOR;
	}
	note_left_out(policy, &left_out, notes);
}

int policy_gather(struct layer *const layers[static LAYER_COUNT], struct notes *notes,
		  struct policy *policy, struct error *err)
{
	struct layer *home = NULL;
	size_t most = 0;

	for (size_t i = LAYER_COUNT; i-- > 0;) {
		if (layers[i] && layers[i]->count) {
			most += layers[i]->count;
			home = layers[i];
		}
	}
	if (!home)
		return 0;
	/* The first array is mostly the only large one: no second copy of 100,000 entries. */
	if (most > home->capacity) {
		struct entry *moved = reallocarray(home->entries, most, sizeof(*moved));

		if (!moved)
			return error_memory(err);
		home->entries = moved;
		home->capacity = most;
	}
	policy->entries = home->entries;
	for (size_t i = 0; i < LAYER_COUNT; i++)
		if (layers[i])
			gather_layer(layers[i], notes, policy);
	return fold_entries(policy, err);
}

/* --- what deserves a warning ------------------------------------------------------------- */

/* The project's entry that opens the address; NULL when an operator's deny closes it. */
static const struct entry *project_opening(const struct policy *policy,
					   const struct addr *addr)
{
	const struct entry *opening = NULL;

	for (size_t i = 0; i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];

		if (entry->kind != ENTRY_PREFIX || !prefix_contains(&entry->prefix, addr))
			continue;
		if (entry->deny && entry->trust == TRUST_OPERATOR && !entry->port_count)
			return NULL;
		if (!opening && !entry->deny && entry->trust == TRUST_PROJECT)
			opening = entry;
	}
	return opening;
}

void policy_note_metadata(const struct policy *policy, struct notes *notes)
{
	static const struct addr metadata[] = {
		{ 0xa9fea9fe, FAMILY_4 },
		{ (u128)0xfd000ec200000000 << 64 | 0x254, FAMILY_6 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(metadata); i++) {
		const struct entry *opening = project_opening(policy, &metadata[i]);
		char text[ADDR_TEXT];

		if (opening)
			notes_add(
				notes, NOTE_WARNING, &opening->origin,
				"the project opens %s, where clouds hand out credentials; 'deny: [preset: metadata]' in the operator's policy closes it",
				addr_format(&metadata[i], text));
	}
}

void policy_note_zones(const struct policy *policy, struct notes *notes)
{
	if (policy->mode != MODE_AUDIT && policy->mode != MODE_RESTRICTED)
		return;
	for (size_t i = 0; i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];
		char shown[128];

		if (entry->deny || entry->same || !entry_is_wildcard(entry) ||
		    !zone_is_public(entry->host))
			continue;
		notes_add(
			notes, NOTE_WARNING, &entry->origin,
			"wildcard '%s': anybody can have a name below %s, so data can leave by it; list the names you need",
			escape(shown, sizeof(shown), entry->text, strlen(entry->text)),
			entry->host);
	}
}

/* Who has another stance asks the resolvers himself, or nobody. */
void policy_note_types(const struct policy *policy, struct notes *notes)
{
	char shown[128], place[ORIGIN_TEXT];

	if (policy->mode == MODE_NONE || policy->dns == STANCE_GUARDED)
		return;
	for (size_t i = 0; i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];

		if (!entry->types || entry->same)
			continue;
		notes_add(
			notes, NOTE_WARNING, &entry->origin,
			"'%s': 'types' does nothing: it is for dns: guarded, but dns is "
			"%s (%s)",
			escape(shown, sizeof(shown), entry->text, strlen(entry->text)),
			stance_name(policy->dns),
			origin_format(&policy->dns_origin, place));
	}
}

/* --- what only the guard can do ---------------------------------------------------------- */

static int refuse_stance(const struct policy *policy, const struct entry *entry,
			 size_t more, struct error *err)
{
	char place[ORIGIN_TEXT], dns_place[ORIGIN_TEXT], shown[128], also[64] = "";
	const char *what = entry->deny ? "deny of a name" : "wildcard";
	const char *why = entry->deny ? " filters DNS and" : "";

	origin_format(&entry->origin, place);
	escape(shown, sizeof(shown), entry->text, strlen(entry->text));
	if (more)
		snprintf(also, sizeof(also), " (and %zu more)", more);
	return error_set(err, ERROR_POLICY,
			 "%s: %s '%s'%s needs dns: guarded, but dns is %s (%s)%s", place,
			 what, shown, why, stance_name(policy->dns),
			 origin_format(&policy->dns_origin, dns_place), also);
}

int policy_choose_guard(struct policy *policy, struct error *err)
{
	const struct entry *first = NULL;
	size_t count = 0;

	/* Without DNS no name is let out anyway. */
	if (policy->mode == MODE_NONE || policy->dns == STANCE_GUARDED)
		return 0;
	for (size_t i = 0; i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];

		if (needs_guard(entry))
			first = count++ ? first : entry;
	}
	if (!first)
		return 0;
	if (policy->dns_origin.source)
		return refuse_stance(policy, first, count - 1, err);
	policy->dns = STANCE_GUARDED;
	policy->dns_origin = first->origin;
	return 0;
}

bool policy_needs_guard(const struct policy *policy)
{
	return policy->dns == STANCE_GUARDED && policy->mode != MODE_NONE;
}

/* --- names ------------------------------------------------------------------------------- */

static bool is_resolved(const struct policy *policy, const struct entry *entry)
{
	bool learned = policy->dns == STANCE_GUARDED;

	if (entry->kind != ENTRY_NAME || entry->deny || entry->same)
		return false;
	switch (policy->mode) {
	case MODE_FULL: /* only an exception to a deny opens anything */
		return entry->required || (entry->private_ok && !learned);
	case MODE_AUDIT:
	case MODE_RESTRICTED:
		return entry->required || !learned;
	case MODE_UNSET:
	case MODE_NONE:
		break;
	}
	return false;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int policy_names(const struct policy *policy, struct arena *arena,
		 const char *const **ret, size_t *ret_count, struct error *err)
{
	size_t count = 0, kept = 0;
	const char **names;

	for (size_t i = 0; i < policy->count; i++)
		count += is_resolved(policy, &policy->entries[i]);
	names = arena_alloc(arena, count * sizeof(*names));
	if (!names)
		return error_memory(err);
	count = 0;
	for (size_t i = 0; i < policy->count; i++)
		if (is_resolved(policy, &policy->entries[i]))
			names[count++] = policy->entries[i].host;
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || strcmp(names[kept - 1], names[i]) != 0)
			names[kept++] = names[i];
	*ret = names;
	*ret_count = kept;
	return 0;
}
