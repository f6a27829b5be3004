#include "lib/plan_learned.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/macros.h"
#include "lib/plan_names.h"

/* --- denies ------------------------------------------------------------------------------ */

/* How many rules from the first on have its prefix. */
static size_t count_equals(const struct rule *rules, size_t count)
{
	size_t same = 1;

	while (same < count && rules[same].family == rules->family &&
	       rules[same].base == rules->base && rules[same].length == rules->length)
		same++;
	return same;
}

static bool has_deny(const struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].deny)
			return true;
	return false;
}

static int keep_denies(const struct rules *from, struct rules *to, struct error *err)
{
	struct prefix around = { 0 }; /* the outermost deny we are in */
	bool within = false;
	size_t same;

	for (size_t i = 0; i < from->count; i += same) {
		const struct rule *rule = &from->v[i];
		struct prefix prefix = { { rule->base, (enum family)rule->family },
					 rule->length };

		same = count_equals(rule, from->count - i);
		within = within && prefix.base.family == around.base.family &&
			 prefix_contains(&around, &prefix.base);
		if (!within && !has_deny(rule, same))
			continue;
		around = within ? around : prefix;
		within = true;
		for (size_t j = 0; j < same; j++)
			if (!rules_add(to, &rule[j]))
				return error_memory(err);
	}
	return 0;
}

int plan_keep_denies(struct plan *plan, const struct rules literals[static 2],
		     struct error *err)
{
	for (int trust = 0; trust < 2; trust++)
		if (keep_denies(&literals[trust], &plan->denies[trust], err) < 0)
			return -1;
	return 0;
}

/* --- classes ----------------------------------------------------------------------------- */

static int compare_sets(const void *a, const void *b)
{
	portset x = *(const portset *)a, y = *(const portset *)b;

	return x < y ? -1 : x > y;
}

int plan_cut_sets(const struct plan *plan, portset **ret, size_t *ret_count,
		  struct error *err)
{
	size_t count = 0, kept = 0;
	portset *sets =
		calloc(plan->cut[0].count + plan->cut[1].count + 1, sizeof(*sets));

	if (!sets)
		return error_memory(err);
	for (int family = 0; family < 2; family++)
		for (size_t i = 0; i < plan->cut[family].count; i++)
			sets[count++] = plan->cut[family].v[i].ports;
	qsort(sets, count, sizeof(*sets), compare_sets);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || sets[kept - 1] != sets[i])
			sets[kept++] = sets[i];
	*ret = sets;
	*ret_count = kept;
	return 0;
}

/* The class of these ports, a new one where there is none. */
static int class_of(struct plan *plan, portset ports, size_t *ret, struct error *err)
{
	for (*ret = 0; *ret < plan->class_count; ++*ret)
		if (plan->classes[*ret] == ports)
			return 0;
	if (plan->class_count == PLAN_CLASSES_MAX)
		return error_set(err, ERROR_POLICY,
				 "names with more than %u different port lists, what "
				 "denies leave of each counted too; give some the same",
				 PLAN_CLASSES_MAX);
	plan->classes[plan->class_count++] = ports;
	return 0;
}

/* Puts where the entry stands in front of what is wrong with its ports. */
static int wrap_entry(const struct entry *entry, struct error *err)
{
	char place[ORIGIN_TEXT];

	if (err->kind != ERROR_POLICY)
		return -1;
	return error_wrap(err, "%s", origin_format(&entry->origin, place));
}

/* The last name whose ports are that class. */
static int wrap_class(struct plan *plan, const struct policy *policy, portset class,
		      struct error *err)
{
	struct error unneeded;
	portset ports;

	for (size_t i = policy->count; i-- > 0;) {
		const struct entry *entry = &policy->entries[i];

		if (entry_is_name(entry) && !entry->deny &&
		    plan_entry_ports(plan, entry, &ports, &unneeded) == 0 &&
		    ports == class)
			return wrap_entry(entry, err);
	}
	return -1;
}

static int add_cut_classes(struct plan *plan, const struct policy *policy,
			   struct error *err)
{
	size_t whole = plan->class_count, count, ignored;
	portset *cuts;
	int result = 0;

	if (plan_cut_sets(plan, &cuts, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < whole * count && result == 0; i++) {
		portset left;

		result = portset_minus(plan->portsets, plan->classes[i % whole],
				       cuts[i / whole], &left, err);
		if (result == 0 && left != PORTSET_EMPTY)
			result = class_of(plan, left, &ignored, err);
		if (result < 0)
			wrap_class(plan, policy, plan->classes[i % whole], err);
	}
	free(cuts);
	return result;
}

/* --- names ------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
	const struct plan_name *x = a, *y = b;
	int order = strcmp(x->host, y->host);

	if (order == 0)
		order = (int)x->kind - (int)y->kind;
	return order ? order : (int)x->deny - (int)y->deny;
}

static int add_name(struct plan *plan, const struct entry *entry, struct error *err)
{
	struct plan_name *name = &plan->learned[plan->learned_count];
	portset ports;
	size_t class;

	*name = (struct plan_name){ entry->host, entry->kind, entry->deny, 0 };
	plan->learned_count++;
	if (entry->deny)
		return 0;
	if (plan_entry_ports(plan, entry, &ports, err) < 0 ||
	    class_of(plan, ports, &class, err) < 0)
		return wrap_entry(entry, err);
	name->classes = UINT32_C(1) << class;
	return 0;
}

/* One for each name, however many entries it has. */
static void sort_names(struct plan *plan)
{
	size_t kept = 0;

	qsort(plan->learned, plan->learned_count, sizeof(*plan->learned), compare_names);
	for (size_t i = 0; i < plan->learned_count; i++) {
		const struct plan_name *name = &plan->learned[i];

		if (kept && compare_names(&plan->learned[kept - 1], name) == 0) {
			plan->learned[kept - 1].classes |= name->classes;
			continue;
		}
		plan->learned[kept++] = *name;
		plan->names += !name->deny;
	}
	plan->learned_count = kept;
}

int plan_learn(struct plan *plan, const struct policy *policy, struct error *err)
{
	size_t count = 0;

	for (size_t i = 0; i < policy->count; i++)
		count += entry_is_name(&policy->entries[i]);
	plan->learned = calloc(count + 1, sizeof(*plan->learned));
	if (!plan->learned)
		return error_memory(err);
	for (size_t i = 0; i < policy->count; i++)
		if (entry_is_name(&policy->entries[i]) &&
		    add_name(plan, &policy->entries[i], err) < 0)
			return -1;
	sort_names(plan);
	return add_cut_classes(plan, policy, err);
}
