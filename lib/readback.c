#include "lib/readback.h"

#include <string.h>

#include "lib/readback_internal.h"

struct differences {
	struct findings *findings;
	size_t count;
};

/* The finding, or NULL when it is only counted. */
#define differ(d, kind, ...)                                                             \
	((d)->count++ < READBACK_MAX ? findings_add((d)->findings, kind, __VA_ARGS__)    \
				     : ((d)->findings->total++, (struct finding *)NULL))

static const struct thing *find_thing(const struct view *view, enum thing_kind kind,
				      const char *name)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->things[i].kind == kind &&
		    strcmp(view->things[i].name, name) == 0)
			return &view->things[i];
	return NULL;
}

static size_t count_rules(const struct view *view, const char *chain)
{
	size_t count = 0;

	for (size_t i = 0; i < view->count; i++)
		count += view->things[i].kind == THING_RULE &&
			 strcmp(view->things[i].name, chain) == 0;
	return count;
}

static void is_gone(struct differences *d, const struct view *sent,
		    const struct thing *thing)
{
	size_t rules = count_rules(sent, thing->name);

	if (thing->kind == THING_CHAIN)
		differ(d, "chain gone", "chain %s is gone, with its %zu rule%s",
		       thing->name, rules, rules == 1 ? "" : "s");
	else if (thing->kind == THING_SET)
		differ(d, "set gone", "set %s is gone", thing->name);
	else
		differ(d, "table gone", "the fence is gone: there is no table inet %s",
		       thing->name);
}

static void is_new(struct differences *d, const struct thing *thing)
{
	if (thing->kind == THING_CHAIN)
		differ(d, "chain added", "chain %s was added: %s", thing->name,
		       thing->text);
	else if (thing->kind == THING_SET)
		differ(d, "set added", "set %s was added", thing->name);
	else
		differ(d, "table added", "table inet %s was added", thing->name);
}

static void is_other(struct differences *d, const struct thing *sent,
		     const struct thing *held)
{
	struct buf change CLEANUP(buf_release) = { 0 };

	describe_change(sent->text, held->text, &change);
	if (sent->kind == THING_TABLE)
		differ(d, "table dormant",
		       strcmp(held->text, "asleep") == 0
			       ? "table inet %s is dormant: its chains see no packet"
			       : "table inet %s is not dormant any more",
		       sent->name);
	else if (sent->kind == THING_CHAIN)
		differ(d, "chain changed", "chain %s changed: %s", sent->name,
		       change.data ? change.data : held->text);
	else
		differ(d, "set changed", "set %s changed: %s", sent->name,
		       change.data ? change.data : held->text);
}

/* Table, chains, sets: each has a name of its own. */
static void compare_named(struct differences *d, const struct view *sent,
			  const struct view *held)
{
	for (size_t i = 0; i < sent->count; i++) {
		const struct thing *thing = &sent->things[i], *other;

		if (thing->kind == THING_RULE)
			continue;
		other = find_thing(held, thing->kind, thing->name);
		if (!other)
			is_gone(d, sent, thing);
		else if (strcmp(thing->text, other->text) != 0)
			is_other(d, thing, other);
	}
	for (size_t i = 0; i < held->count; i++) {
		const struct thing *thing = &held->things[i];

		if (thing->kind != THING_RULE &&
		    !find_thing(sent, thing->kind, thing->name))
			is_new(d, thing);
	}
}

/* Finds for each rule its like on the other side, the first that is left. */
static void match_rules(struct view *sent, struct view *held)
{
	size_t from = 0;

	for (size_t i = 0; i < sent->count; i++) {
		struct thing *rule = &sent->things[i];

		if (rule->kind != THING_RULE)
			continue;
		/* Mostly the next one. */
		while (from < held->count && (held->things[from].kind != THING_RULE ||
					      held->things[from].matched))
			from++;
		for (size_t j = from; j < held->count && !rule->matched; j++) {
			struct thing *other = &held->things[j];

			if (other->kind != THING_RULE || other->matched ||
			    strcmp(rule->name, other->name) != 0 ||
			    strcmp(rule->text, other->text) != 0)
				continue;
			rule->matched = other->matched = true;
		}
	}
}

/* Walks the rules of a chain. */
struct place {
	const struct view *view;
	const char *chain;
	size_t at, number; /* of the rule, from 1 */
};

static const struct thing *next_rule(struct place *place)
{
	while (place->at < place->view->count) {
		const struct thing *thing = &place->view->things[place->at++];

		if (thing->kind == THING_RULE && strcmp(thing->name, place->chain) == 0) {
			place->number++;
			return thing;
		}
	}
	return NULL;
}

static void differ_rule(struct differences *d, const char *chain, const struct thing *a,
			size_t a_number, const struct thing *b, size_t b_number)
{
	struct buf was CLEANUP(buf_release) = { 0 };
	struct buf is CLEANUP(buf_release) = { 0 };

	if (d->count < READBACK_MAX) {
		if (a)
			describe_rule(a, &was);
		if (b)
			describe_rule(b, &is);
	}
	if (a && b)
		differ(d, "rule changed",
		       "rule changed in chain %s, place %zu: %s, was: %s", chain,
		       b_number, is.data ? is.data : "", was.data ? was.data : "");
	else if (a)
		differ(d, "rule removed", "rule removed from chain %s, place %zu: %s",
		       chain, a_number, was.data ? was.data : "");
	else
		differ(d, "rule added", "rule added to chain %s, place %zu: %s", chain,
		       b_number, is.data ? is.data : "");
}

/* What has no like on the other side lies between rules that have: two such in one gap are one
 * that was changed. */
static void compare_chain(struct differences *d, const struct view *sent,
			  const struct view *held, const char *chain)
{
	struct place at_a = { .view = sent, .chain = chain };
	struct place at_b = { .view = held, .chain = chain };
	const struct thing *a = next_rule(&at_a), *b = next_rule(&at_b);
	bool ordered = true;

	while (a || b) {
		bool removed = a && !a->matched, added = b && !b->matched;

		if (removed || added)
			differ_rule(d, chain, removed ? a : NULL, at_a.number,
				    added ? b : NULL, at_b.number);
		else if (a && b && strcmp(a->text, b->text) != 0)
			ordered = false;
		if (a && (removed || !added))
			a = next_rule(&at_a);
		if (b && (added || !removed))
			b = next_rule(&at_b);
	}
	if (!ordered)
		differ(d, "rules reordered", "the rules of chain %s are in another order",
		       chain);
}

static void compare_rules(struct differences *d, struct view *sent, struct view *held)
{
	match_rules(sent, held);
	for (size_t i = 0; i < held->count; i++)
		if (held->things[i].kind == THING_CHAIN)
			compare_chain(d, sent, held, held->things[i].name);
}

static void differ_element(struct differences *d, bool removed, const struct view *view,
			   const struct set_view *set, const struct element *element)
{
	struct buf text CLEANUP(buf_release) = { 0 };
	struct finding what = { 0 }, *finding;

	describe_element(view, set, element, &text, &what);
	finding = differ(d, removed ? "element removed" : "element added",
			 "element %s set %s: %s", removed ? "removed from" : "added to",
			 set->name, text.data ? text.data : "");
	if (!finding)
		return;
	finding->set = arena_printf(d->findings->arena, "%s", set->name);
	finding->has_addrs = what.has_addrs;
	finding->first = what.first;
	finding->last = what.last;
}

static void compare_elements(struct differences *d, const struct view *sent,
			     const struct set_view *a, const struct view *held,
			     const struct set_view *b)
{
	size_t i = 0, j = 0;

	if (b->catch_all && !a->catch_all)
		differ(d, "element added",
		       "element added to set %s: one that matches everything", a->name);
	if (!b->catch_all && a->catch_all)
		differ(d, "element removed",
		       "element removed from set %s: the one that matches everything",
		       a->name);
	while (i < a->count || j < b->count) {
		int order;

		if (i == a->count || j == b->count)
			order = i == a->count ? 1 : -1;
		else
			order = element_compare(sent->bytes, &a->v[i], held->bytes,
						&b->v[j], a->key_length);
		if (order < 0)
			differ_element(d, true, sent, a, &a->v[i]);
		if (order > 0)
			differ_element(d, false, held, b, &b->v[j]);
		i += order <= 0;
		j += order >= 0;
	}
}

int readback_compare(const void *sent, size_t sent_length, const void *dumped,
		     size_t dumped_length, struct findings *differences,
		     struct error *err)
{
	struct view a CLEANUP(view_release) = { 0 }, b CLEANUP(view_release) = { 0 };
	struct differences d = { .findings = differences };
	const struct thing *table;

	if (view_read(&a, sent, sent_length, err) < 0 ||
	    view_read(&b, dumped, dumped_length, err) < 0)
		return -1;
	/* One sentence instead of one for each of its parts. */
	table = find_thing(&a, THING_TABLE, RULESET_TABLE);
	if (b.count == 0 && table) {
		is_gone(&d, &a, table);
		return differences->failed ? error_memory(err) : 0;
	}
	compare_named(&d, &a, &b);
	compare_rules(&d, &a, &b);
	for (size_t i = 0; i < a.set_count; i++) {
		const struct set_view *other = view_set(&b, a.sets[i].name);

		if (other && other->key_length == a.sets[i].key_length)
			compare_elements(&d, &a, &a.sets[i], &b, other);
	}
	return differences->failed ? error_memory(err) : 0;
}
