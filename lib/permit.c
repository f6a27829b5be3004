#include "lib/permit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/names.h"
#include "lib/plan_learned.h"
#include "lib/plan_names.h"

#define NO_CLASS UINT8_MAX

struct permit {
	const struct policy *policy;
	const struct plan *plan;
	struct names *names;
	uint8_t *class_of; /* of each of the policy's entries */
	/* Which class is left of a class where `cuts[i]` is denied: no arithmetic of sets while the
	 * agent waits, and none that adds up over weeks. */
	portset *cuts; /* ascending */
	uint8_t (*left)[PLAN_CLASSES_MAX];
	size_t cut_count;
	bool lengths[2][2][129]; /* of prefixes in plan->denies, by trust and family */
};

void permit_free(struct permit *permit)
{
	if (!permit)
		return;
	names_free(permit->names);
	free(permit->class_of);
	free(permit->cuts);
	free(permit->left);
	free(permit);
}

static uint8_t find_class(const struct plan *plan, portset ports)
{
	for (size_t i = 0; i < plan->class_count; i++)
		if (plan->classes[i] == ports)
			return (uint8_t)i;
	return NO_CLASS;
}

static int classify(struct permit *permit, struct error *err)
{
	const struct policy *policy = permit->policy;

	permit->class_of = malloc(policy->count + 1);
	if (!permit->class_of)
		return error_memory(err);
	memset(permit->class_of, NO_CLASS, policy->count + 1);
	for (size_t i = 0; policy->mode != MODE_NONE && i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];
		portset ports;

		if (entry->deny || !entry_is_name(entry))
			continue;
		if (plan_entry_ports(permit->plan, entry, &ports, err) < 0)
			return -1;
		permit->class_of[i] = find_class(permit->plan, ports);
		if (permit->class_of[i] == NO_CLASS)
			return error_set(err, ERROR_POLICY,
					 "the plan is not of this policy");
	}
	return 0;
}

static int cut_classes(struct permit *permit, struct error *err)
{
	const struct plan *plan = permit->plan;

	if (plan_cut_sets(plan, &permit->cuts, &permit->cut_count, err) < 0)
		return -1;
	permit->left = calloc(permit->cut_count + 1, sizeof(*permit->left));
	if (!permit->left)
		return error_memory(err);
	for (size_t i = 0; i < permit->cut_count; i++) {
		for (size_t j = 0; j < plan->class_count; j++) {
			portset left;

			if (portset_minus(plan->portsets, plan->classes[j],
					  permit->cuts[i], &left, err) < 0)
				return -1;
			permit->left[i][j] = find_class(plan, left);
		}
	}
	return 0;
}

static void note_lengths(struct permit *permit)
{
	for (int trust = 0; trust < 2; trust++) {
		const struct rules *rules = &permit->plan->denies[trust];

		for (size_t i = 0; i < rules->count; i++) {
			const struct rule *rule = &rules->v[i];

			permit->lengths[trust][rule->family == FAMILY_6][rule->length] =
				true;
		}
	}
}

int permit_build(const struct policy *policy, const struct plan *plan,
		 struct permit **ret, struct error *err)
{
	CLEANUP(permit_freep) struct permit *permit = calloc(1, sizeof(*permit));

	if (!permit)
		return error_memory(err);
	permit->policy = policy;
	permit->plan = plan;
	if (names_build(policy, &permit->names, err) < 0 || classify(permit, err) < 0 ||
	    cut_classes(permit, err) < 0)
		return -1;
	note_lengths(permit);
	*ret = TAKE(permit);
	return 0;
}

void permit_ask(const struct permit *permit, const char *host, struct permission *ret)
{
	names_ask(permit->names, host, ret);
}

/* --- names that open what no deny covers ------------------------------------------------- */

static int compare_sets(const void *a, const void *b)
{
	portset x = *(const portset *)a, y = *(const portset *)b;

	return x < y ? -1 : x > y;
}

/* What is left of each class at the address; NULL: all of it. */
static const uint8_t *left_at(const struct permit *permit, const struct addr *addr)
{
	const struct spans *spans = &permit->plan->cut[addr->family == FAMILY_6];
	portset cut = spans_at(spans, addr->value), *found;

	if (cut == PORTSET_EMPTY)
		return NULL;
	found = bsearch(&cut, permit->cuts, permit->cut_count, sizeof(cut), compare_sets);
	return permit->left[found - permit->cuts];
}

static void grant_class(struct grant *grant, uint8_t class)
{
	if (class != NO_CLASS)
		grant->classes |= UINT32_C(1) << class;
}

/* --- names that count as literal addresses ----------------------------------------------- */

/* The rules that hold at one address, and what they come to: as plan_build() would have it, had the
 * name that address from the start. */
struct literals {
	struct portsets *table; /* of its own: the plan's would grow with every answer */
	struct rules rules[2];
	struct verdicts verdicts[2];
};

static void literals_release(struct literals *literals)
{
	portsets_free(literals->table);
	for (int trust = 0; trust < 2; trust++) {
		rules_release(&literals->rules[trust]);
		verdicts_release(&literals->verdicts[trust]);
	}
}

static int add_around(const struct permit *permit, int trust, const struct addr *addr,
		      struct rules *ret, struct error *err)
{
	const struct rules *rules = &permit->plan->denies[trust];
	const bool *lengths = permit->lengths[trust][addr->family == FAMILY_6];

	for (unsigned length = 0; length <= addr_bits(addr->family); length++) {
		struct prefix prefix = prefix_of(addr, (uint8_t)length);
		size_t i = lengths[length] ? rules_find(rules, &prefix) : rules->count;

		for (; i < rules->count; i++) {
			const struct rule *rule = &rules->v[i];

			if (rule->family != addr->family || rule->length != length ||
			    rule->base != prefix.base.value)
				break;
			if (!rules_add(ret, rule))
				return error_memory(err);
		}
	}
	return 0;
}

static int judge(struct literals *literals, const struct addr *addr, portset *ret,
		 struct error *err)
{
	portset allow[2], deny[2];

	for (int trust = 0; trust < 2; trust++) {
		struct verdicts *verdicts = &literals->verdicts[trust];
		bool family = addr->family == FAMILY_6;

		if (sweep(literals->table, &literals->rules[trust], verdicts, err) < 0)
			return -1;
		allow[trust] = spans_at(&verdicts->allow[family], addr->value);
		deny[trust] = spans_at(&verdicts->deny[family], addr->value);
	}
	if (portset_minus(literals->table, allow[TRUST_OPERATOR], deny[TRUST_PROJECT],
			  &allow[TRUST_OPERATOR], err) < 0 ||
	    portset_minus(literals->table, allow[TRUST_PROJECT], deny[TRUST_OPERATOR],
			  &allow[TRUST_PROJECT], err) < 0)
		return -1;
	return portset_union(literals->table, allow[TRUST_OPERATOR], allow[TRUST_PROJECT],
			     ret, err);
}

/* Grants the class if all of its ports are in `open` and any is not in *covered yet. */
static int grant_within(const struct permit *permit, struct literals *literals,
			uint8_t class, portset open, portset *covered,
			struct grant *grant, struct error *err)
{
	const struct plan *plan = permit->plan;
	bool fits, known;
	portset ports;
	size_t count;
	const struct port_range *ranges =
		portset_ranges(plan->portsets, plan->classes[class], &count);

	if (portset_make(literals->table, ranges, count, &ports, err) < 0 ||
	    portset_covers(literals->table, open, ports, &fits, err) < 0 ||
	    portset_covers(literals->table, *covered, ports, &known, err) < 0)
		return -1;
	if (!fits || known)
		return 0;
	grant_class(grant, class);
	return portset_union(literals->table, *covered, ports, covered, err);
}

static int grant_literals(const struct permit *permit,
			  const struct permission *permission, struct literals *literals,
			  const struct addr *addr, struct grant *grant, struct error *err)
{
	portset open, covered = PORTSET_EMPTY;

	if (judge(literals, addr, &open, err) < 0)
		return -1;
	/* The entries' own classes first: mostly that is all. */
	for (size_t i = 0; i < permission->count; i++) {
		const struct entry *entry = permission->entries[i];

		if (entry->private_ok &&
		    grant_within(permit, literals,
				 permit->class_of[entry - permit->policy->entries], open,
				 &covered, grant, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < permit->plan->class_count; i++)
		if (grant_within(permit, literals, (uint8_t)i, open, &covered, grant,
				 err) < 0)
			return -1;
	return 0;
}

static int grant_private(const struct permit *permit, const char *host,
			 const struct permission *permission, const struct addr *addr,
			 struct grant *grant, struct error *err)
{
	struct literals literals CLEANUP(literals_release) = { .table = portsets_new() };
	struct prefix prefix = prefix_of(addr, addr_bits(addr->family));

	if (!literals.table)
		return error_memory(err);
	for (int trust = 0; trust < 2; trust++)
		if (add_around(permit, trust, addr, &literals.rules[trust], err) < 0)
			return -1;
	for (size_t i = 0; i < permission->count; i++) {
		const struct entry *entry = permission->entries[i];
		struct rule rule = plan_rule(entry, &prefix);

		if (entry->private_ok &&
		    admit(entry, host, addr, &permit->plan->site) == ADMIT &&
		    !rules_add(&literals.rules[entry->trust], &rule))
			return error_memory(err);
	}
	return grant_literals(permit, permission, &literals, addr, grant, err);
}

/* --- both -------------------------------------------------------------------------------- */

/* Is it open to whoever names the address itself? */
static bool is_open_anyway(const struct plan *plan, const struct addr *addr)
{
	const struct spans *spans = &plan->spans[addr->family == FAMILY_6];

	return site_is_own(&plan->site, addr) ||
	       spans_at(spans, addr->value) != PORTSET_EMPTY;
}

int permit_grant(const struct permit *permit, const char *host,
		 const struct permission *permission, const struct addr *addr,
		 struct grant *ret, struct error *err)
{
	const uint8_t *left = left_at(permit, addr);
	struct grant grant = { .why = ADMIT };
	bool as_literal = false, refused = permission->count > 0;

	for (size_t i = 0; i < permission->count; i++) {
		const struct entry *entry = permission->entries[i];
		enum admission why = admit(entry, host, addr, &permit->plan->site);
		uint8_t class = permit->class_of[entry - permit->policy->entries];

		if (why != ADMIT) {
			grant.why = why;
			continue;
		}
		refused = false;
		if (entry->private_ok)
			as_literal = true;
		else
			grant_class(&grant, left ? left[class] : class);
	}
	if (!refused)
		grant.why = ADMIT;
	if (as_literal && grant_private(permit, host, permission, addr, &grant, err) < 0)
		return -1;
	grant.justified = grant.classes || is_open_anyway(permit->plan, addr);
	grant.admitted = grant.justified || permit->plan->mode == MODE_AUDIT;
	*ret = grant;
	return 0;
}
