#include "lib/names.h"

#include <stdlib.h>
#include <string.h>

/* A hash table of domains, each with the entries that stand there. A host is walked from its end, so
 * that the hash of each domain it lies in is that of the one before and a label more. */

/* An entry, and the next one of the same domain. */
struct node {
	uint32_t entry; /* in policy->entries */
	uint32_t next;  /* in `nodes`, from 1; 0: none */
};

struct names {
	const struct policy *policy;
	struct node *nodes;
	uint32_t *
		slots; /* the first node of a domain, from 1; open addressing, at most half
			  * full */
	size_t count, mask;
	/* Where the table lies in memory: nobody can write a policy whose names all collide. */
	uint64_t seed;
};

void names_free(struct names *names)
{
	if (!names)
		return;
	free(names->nodes);
	free(names->slots);
	free(names);
}

static uint64_t mix(uint64_t hash, char c)
{
	hash = (hash ^ (unsigned char)c) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

static const struct entry *entry_at(const struct names *names, uint32_t node)
{
	return &names->policy->entries[names->nodes[node - 1].entry];
}

/* The slot of a domain, or the empty one where it belongs. */
static uint32_t *find_slot(const struct names *names, const char *domain, uint64_t hash)
{
	size_t slot = hash & names->mask;

	for (; names->slots[slot]; slot = (slot + 1) & names->mask)
		if (strcmp(entry_at(names, names->slots[slot])->host, domain) == 0)
			break;
	return &names->slots[slot];
}

/* A domain's entries stand in the order in which they are written: the last is added first. */
static void add_node(struct names *names, size_t index)
{
	const char *host = names->policy->entries[index].host;
	uint64_t hash = names->seed;
	uint32_t *slot;

	for (size_t at = strlen(host); at-- > 0;)
		hash = mix(hash, host[at]);
	slot = find_slot(names, host, hash);
	names->nodes[names->count] = (struct node){ (uint32_t)index, *slot };
	*slot = (uint32_t)++names->count;
}

/* Says nothing new: somebody of the same trust said it before. */
static bool is_repeated(const struct entry *entry)
{
	return entry->same && entry->same->trust == entry->trust;
}

/* --- building ---------------------------------------------------------------------------- */

/* How many entries allow one host at most: those around its domain, and either those of the name
 * itself or, for names below it, the wildcards there. */
static size_t most_allows(const struct names *names, uint32_t node)
{
	const char *host = entry_at(names, node)->host;
	size_t around = 0, itself = 0, below = 0;
	uint64_t hash = names->seed;

	for (size_t at = strlen(host); at-- > 0;) {
		uint32_t i;

		hash = mix(hash, host[at]);
		if (at > 0 && host[at - 1] != '.')
			continue;
		for (i = *find_slot(names, host + at, hash); i;
		     i = names->nodes[i - 1].next) {
			const struct entry *entry = entry_at(names, i);

			if (entry->deny || is_repeated(entry))
				continue;
			around += at > 0 && entry->kind != ENTRY_NAME;
			itself += at == 0 && entry->kind != ENTRY_BELOW;
			below += at == 0 && entry->kind != ENTRY_NAME;
		}
	}
	return around + (itself > below ? itself : below);
}

static int check_allows(const struct names *names, struct error *err)
{
	for (size_t slot = 0; slot <= names->mask; slot++) {
		uint32_t node = names->slots[slot];
		char place[ORIGIN_TEXT];

		if (!node || most_allows(names, node) <= PERMIT_ENTRIES_MAX)
			continue;
		return error_set(
			err, ERROR_POLICY,
			"%s: more than %d entries allow '%s' or names below it; one entry "
			"can list many ports",
			origin_format(&entry_at(names, node)->origin, place),
			PERMIT_ENTRIES_MAX, entry_at(names, node)->host);
	}
	return 0;
}

int names_build(const struct policy *policy, struct names **ret, struct error *err)
{
	CLEANUP(names_freep) struct names *names = calloc(1, sizeof(*names));
	size_t count = 0;

	if (!names)
		return error_memory(err);
	for (size_t i = 0; i < policy->count; i++)
		count += entry_is_name(&policy->entries[i]);
	names->policy = policy;
	names->mask = 15;
	while (names->mask < 2 * count)
		names->mask = 2 * names->mask + 1;
	names->nodes = calloc(count + 1, sizeof(*names->nodes));
	names->slots = calloc(names->mask + 1, sizeof(*names->slots));
	if (!names->nodes || !names->slots)
		return error_memory(err);
	names->seed = (uintptr_t)names->slots;
	for (size_t i = policy->count; i-- > 0;)
		if (entry_is_name(&policy->entries[i]))
			add_node(names, i);
	if (check_allows(names, err) < 0)
		return -1;
	*ret = TAKE(names);
	return 0;
}

/* --- asking ------------------------------------------------------------------------------ */

/* What speaks of one host, as it is found: from the shortest domain to the host itself. */
struct hearing {
	const char *host;
	size_t length;
	struct permission *permission;
	size_t ranks[PERMIT_ENTRIES_MAX];
	const struct entry *deny[2]; /* by trust: the most specific */
	size_t deny_rank[2], allow_rank[2];
};

/* How specific an entry is that stands at a domain of that length. */
static size_t rank_of(const struct entry *entry, size_t length)
{
	return 2 * length + (entry->kind == ENTRY_NAME);
}

static void hear(struct hearing *hearing, const struct entry *entry, size_t rank)
{
	struct permission *permission = hearing->permission;

	if (entry->deny) {
		if (rank > hearing->deny_rank[entry->trust]) {
			hearing->deny_rank[entry->trust] = rank;
			hearing->deny[entry->trust] = entry;
		}
		return;
	}
	if (rank > hearing->allow_rank[entry->trust])
		hearing->allow_rank[entry->trust] = rank;
	if (is_repeated(entry) || permission->count == PERMIT_ENTRIES_MAX)
		return;
	hearing->ranks[permission->count] = rank;
	permission->entries[permission->count++] = entry;
}

static void hear_domain(const struct names *names, struct hearing *hearing, uint32_t node,
			size_t length)
{
	enum entry_kind exactly = length == hearing->length ? ENTRY_NAME : ENTRY_BELOW;

	for (; node; node = names->nodes[node - 1].next) {
		const struct entry *entry = entry_at(names, node);

		if (entry->kind == exactly || entry->kind == ENTRY_SUBTREE)
			hear(hearing, entry, rank_of(entry, length));
	}
}

static void walk(const struct names *names, struct hearing *hearing)
{
	uint64_t hash = names->seed;

	for (size_t at = hearing->length; at-- > 0;) {
		hash = mix(hash, hearing->host[at]);
		if (at == 0 || hearing->host[at - 1] == '.')
			hear_domain(names, hearing,
				    *find_slot(names, hearing->host + at, hash),
				    hearing->length - at);
	}
}

/* Keeps the entries that no deny overrules: one of their own trust that is as specific, for a
 * project's any of the operator's. */
static void keep_allows(const struct hearing *hearing, struct permission *permission)
{
	size_t kept = 0, best = 0;

	for (size_t i = 0; i < permission->count; i++) {
		const struct entry *entry = permission->entries[i];
		size_t rank = hearing->ranks[i];

		if (rank <= hearing->deny_rank[entry->trust] ||
		    (entry->trust == TRUST_PROJECT && hearing->deny[TRUST_OPERATOR]))
			continue;
		permission->entries[kept++] = entry;
		permission->types |= entry->types;
		if (rank > best) {
			best = rank;
			permission->entry = entry;
		}
		if (rank >= 2 * hearing->length)
			permission->chosen = false;
	}
	permission->count = kept;
}

static bool denies(const struct hearing *hearing, enum trust trust)
{
	return hearing->deny[trust] &&
	       hearing->deny_rank[trust] >= hearing->allow_rank[trust];
}

void names_ask(const struct names *names, const char *host, struct permission *ret)
{
	struct hearing hearing = {
		.host = host,
		.length = strlen(host),
		.permission = ret,
	};
	enum mode mode = names->policy->mode;

	*ret = (struct permission){ .verdict = PERMIT_NO_ENTRY, .chosen = true };
	if (mode == MODE_NONE)
		return;
	walk(names, &hearing);
	for (int trust = TRUST_OPERATOR; trust <= TRUST_PROJECT; trust++) {
		if (!denies(&hearing, trust))
			continue;
		ret->count = 0;
		ret->verdict = PERMIT_DENIED;
		ret->entry = hearing.deny[trust];
		return;
	}
	keep_allows(&hearing, ret);
	if (ret->count || mode == MODE_FULL || mode == MODE_AUDIT)
		ret->verdict = PERMIT_ALLOWED;
}
