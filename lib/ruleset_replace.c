#include <string.h>

#include "lib/draft.h"
#include "lib/standing.h"

/* What stood makes room for a new fence, whatever somebody did to it meanwhile. */

/* Suffixes of the generations. The plain names are for fences of a plan, so that a listing after a first
 * apply shows them; two would do, but for sets of both that somebody's rules use. */
#define PLAIN ""
#define OTHER "_b"
#define THIRD "_c"

static const char *suffix_of(const char *set)
{
	size_t length = strlen(set);

	if (length > 2 && strcmp(set + length - 2, OTHER) == 0)
		return OTHER;
	return length > 2 && strcmp(set + length - 2, THIRD) == 0 ? THIRD : PLAIN;
}

static bool is_taken(const struct standing *standing, const char *suffix)
{
	for (size_t i = 0; i < standing->set_count; i++) {
		const struct standing_set *set = &standing->sets[i];

		if (set->used && !set->anonymous && !draft_keeps(set->name) &&
		    strcmp(suffix_of(set->name), suffix) == 0)
			return true;
	}
	return false;
}

const char *replace_suffix(const struct draft *draft, const struct standing *standing)
{
	if (!draft->site && !is_taken(standing, PLAIN))
		return PLAIN;
	if (!is_taken(standing, OTHER))
		return OTHER;
	return is_taken(standing, PLAIN) ? THIRD : PLAIN;
}

void replace_unused(struct builder *b, const struct standing *standing)
{
	for (size_t i = 0; i < standing->set_count; i++)
		if (!standing->sets[i].used && !standing->sets[i].anonymous)
			set_delete(b, standing->sets[i].name);
}

/* The kernel moves no chain to another hook or priority. */
static bool is_like(const struct standing_chain *standing, const struct chain *chain)
{
	if (chain->hook == CHAIN_INNER || !standing->type)
		return chain->hook == CHAIN_INNER && !standing->type;
	return standing->hook == (uint32_t)chain->hook &&
	       standing->priority == chain->priority &&
	       strcmp(standing->type, chain_type(chain)) == 0;
}

static bool is_wanted(const struct standing_chain *standing,
		      const struct chain *const chains[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(chains[i]->name, standing->name) == 0)
			return is_like(standing, chains[i]);
	return false;
}

void replace_used(struct builder *b, const struct standing *standing,
		  const struct chain *const chains[], size_t count)
{
	for (size_t i = 0; i < standing->set_count; i++)
		if (standing->sets[i].used && !standing->sets[i].anonymous &&
		    !draft_keeps(standing->sets[i].name))
			set_delete(b, standing->sets[i].name);
	for (size_t i = 0; i < standing->chain_count; i++)
		if (!is_wanted(&standing->chains[i], chains, count))
			chain_delete(b, standing->chains[i].name);
}
