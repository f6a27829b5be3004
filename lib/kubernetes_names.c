#include "lib/kubernetes_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/host.h"
#include "lib/kubernetes_internal.h"
#include "lib/macros.h"
#include "lib/names.h"
#include "lib/plan_names.h"

/* A label that no policy has, so that a name with it in front is any name below. */
#define ANY_LABEL "_."

void kubernetes_names_release(struct kubernetes_names *names)
{
	free(names->v);
	*names = (struct kubernetes_names){ 0 };
}

static int compare_hosts(const void *a, const void *b)
{
	const struct kubernetes_name *x = a, *y = b;
	int order = strcmp(x->host, y->host);

	return order ? order : (int)x->below - (int)y->below;
}

static int compare_names(const void *a, const void *b)
{
	const struct kubernetes_name *x = a, *y = b;
	int order = compare_hosts(x, y);

	return order ? order : (x->ports > y->ports) - (x->ports < y->ports);
}

static int compare_ports(const void *a, const void *b, void *plan)
{
	const struct kubernetes_name *x = a, *y = b;
	int order = kubernetes_compare_sets(plan, x->ports, y->ports);

	return order ? order : compare_hosts(x, y);
}

void kubernetes_names_group(struct kubernetes_names *names, const struct plan *plan)
{
	if (names->count)
		qsort_r(names->v, names->count, sizeof(*names->v), compare_ports,
			(void *)plan);
}

/* Does the entry count for the host, or has a deny overruled it? */
static bool counts(const struct names *index, const char *host, const struct entry *entry)
{
	struct permission permission;

	names_ask(index, host, &permission);
	for (size_t i = 0; i < permission.count; i++)
		if (permission.entries[i] == entry)
			return true;
	return false;
}

static int add_entry(const struct names *index, const struct plan *plan,
		     const struct entry *entry, struct kubernetes_names *names,
		     struct error *err)
{
	char below[HOST_TEXT + sizeof(ANY_LABEL)];
	struct kubernetes_name name = { .host = entry->host, .entry = entry };

	name.ports = PORTSET_EMPTY;
	if (!entry->private_ok && plan_entry_ports(plan, entry, &name.ports, err) < 0)
		return -1;
	if (entry->kind != ENTRY_BELOW && counts(index, entry->host, entry))
		names->v[names->count++] = name;
	snprintf(below, sizeof(below), ANY_LABEL "%s", entry->host);
	if (entry->kind == ENTRY_NAME || strlen(below) > HOST_MAX ||
	    !counts(index, below, entry))
		return 0;
	name.below = true;
	names->v[names->count++] = name;
	return 0;
}

static int add_entries(const struct policy *policy, const struct plan *plan,
		       struct notes *notes, struct kubernetes_names *names,
		       struct error *err)
{
	CLEANUP(names_freep) struct names *index = NULL;

	if (names_build(policy, &index, err) < 0)
		return -1;
	for (size_t i = 0; i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];

		if (!entry_is_name(entry) || entry->deny)
			continue;
		if (add_entry(index, plan, entry, names, err) < 0)
			return -1;
		if (entry->private_ok && !entry->same)
			notes_add(
				notes, NOTE_WARNING, &entry->origin,
				"%s stays closed: Cilium cannot open private addresses for "
				"one name alone; write its network beside it, or select its "
				"pods by their labels",
				entry->host);
	}
	return 0;
}

static void sort_names(struct kubernetes_names *names)
{
	size_t kept = 0;

	if (names->count)
		qsort(names->v, names->count, sizeof(*names->v), compare_names);
	for (size_t i = 0; i < names->count; i++)
		if (kept == 0 || compare_names(&names->v[kept - 1], &names->v[i]) != 0)
			names->v[kept++] = names->v[i];
	names->count = kept;
}

/* The allowed wildcard around a denied name. */
static const struct entry *find_around(const struct kubernetes_names *names,
				       const struct entry *deny)
{
	const char *dot = deny->host;

	while (names->count && (dot = strchr(dot, '.'))) {
		const struct kubernetes_name key = { .host = ++dot, .below = true };
		const struct kubernetes_name *found =
			bsearch(&key, names->v, names->count, sizeof(key), compare_hosts);

		if (found)
			return found->entry;
	}
	return NULL;
}

static int check_deny(const struct policy *policy, const struct kubernetes_names *names,
		      const struct entry *deny, struct error *err)
{
	const struct entry *around = find_around(names, deny);
	char place[ORIGIN_TEXT], other[ORIGIN_TEXT];

	if (policy->mode == MODE_FULL)
		return kubernetes_refuse(
			&deny->origin, "Cilium cannot deny a name; name what is allowed",
			err);
	if (!around)
		return 0;
	return error_set(
		err, ERROR_POLICY,
		"%s: Cilium cannot deny a name below an allowed one (%s); name what "
		"is allowed there",
		origin_format(&deny->origin, place),
		origin_format(&around->origin, other));
}

int kubernetes_names_collect(const struct policy *policy, const struct plan *plan,
			     struct notes *notes, struct kubernetes_names *ret,
			     struct error *err)
{
	struct kubernetes_names names CLEANUP(kubernetes_names_release) = { 0 };

	if (policy->mode == MODE_NONE)
		return 0;
	names.v = calloc(2 * policy->count + 1, sizeof(*names.v));
	if (!names.v)
		return error_memory(err);
	if (policy->mode != MODE_FULL &&
	    add_entries(policy, plan, notes, &names, err) < 0)
		return -1;
	sort_names(&names);
	for (size_t i = 0; i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];

		if (entry_is_name(entry) && entry->deny &&
		    check_deny(policy, &names, entry, err) < 0)
			return -1;
	}
	*ret = names;
	names.v = NULL;
	return 0;
}
