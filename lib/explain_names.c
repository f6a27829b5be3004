#include "lib/explain_internal.h"

#include <string.h>

#include "lib/host.h"

bool explain_is_dns(uint32_t point)
{
	uint32_t port = point % PORTSET_UDP;

	return point != PORTSET_OTHER && (port == 53 || port == 853);
}

bool explain_in_ranges(const struct port_range *ranges, size_t count, uint32_t point,
		       uint32_t *ret_width)
{
	*ret_width = UINT32_MAX;
	for (size_t i = 0; i < count; i++) {
		uint32_t width = ranges[i].last - ranges[i].first + 1;

		if (ranges[i].first <= point && point <= ranges[i].last &&
		    width < *ret_width)
			*ret_width = width;
	}
	return *ret_width != UINT32_MAX;
}

bool explain_covers_point(const struct entry *entry, uint32_t point, uint32_t *ret_width)
{
	if (entry->port_count)
		return explain_in_ranges(entry->ports, entry->port_count, point,
					 ret_width);
	*ret_width = WHOLE_LINE;
	return entry->deny || !explain_is_dns(point);
}

static bool speaks_of(const struct entry *entry, const char *host)
{
	switch (entry->kind) {
	case ENTRY_NAME:
		return strcmp(entry->host, host) == 0;
	case ENTRY_BELOW:
		return host_is_below(host, entry->host);
	case ENTRY_SUBTREE:
		return strcmp(entry->host, host) == 0 || host_is_below(host, entry->host);
	case ENTRY_PREFIX:
	case ENTRY_ATTACHED:
		break;
	}
	return false;
}

/* Is `a` the more specific of two that speak of one host? */
static bool is_nearer(const struct entry *a, const struct entry *b)
{
	size_t x = strlen(a->host), y = strlen(b->host);

	return x != y ? x > y : a->kind == ENTRY_NAME && b->kind != ENTRY_NAME;
}

/* The most specific entry of one side that allows or denies the host. */
static const struct entry *nearest(const struct policy *policy, const char *host,
				   enum trust trust, bool deny)
{
	const struct entry *nearest = NULL;

	for (size_t i = 0; i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];

		if (entry->trust == trust && entry->deny == deny &&
		    speaks_of(entry, host) && (!nearest || is_nearer(entry, nearest)))
			nearest = entry;
	}
	return nearest;
}

/* The deny that refuses the host. */
static const struct entry *denied_by(const struct policy *policy, const char *host)
{
	for (int trust = TRUST_OPERATOR; trust <= TRUST_PROJECT; trust++) {
		const struct entry *deny = nearest(policy, host, trust, true);
		const struct entry *allow = nearest(policy, host, trust, false);

		if (deny && (!allow || !is_nearer(allow, deny)))
			return deny;
	}
	return NULL;
}

bool explain_allows(const struct policy *policy, const struct entry *entry,
		    const char *host)
{
	const struct entry *deny;

	if (entry->deny || !speaks_of(entry, host) || denied_by(policy, host))
		return false;
	if (entry->trust == TRUST_PROJECT && nearest(policy, host, TRUST_OPERATOR, true))
		return false;
	deny = nearest(policy, host, entry->trust, true);
	return !deny || is_nearer(entry, deny);
}

struct verdict explain_name(const struct policy *policy, const char *host, uint32_t point)
{
	const struct entry *deny = denied_by(policy, host), *best = NULL, *near = NULL;
	bool full = policy->mode == MODE_FULL && !explain_is_dns(point);

	if (policy->mode == MODE_NONE)
		return (struct verdict){ .reason = "policy none" };
	if (deny)
		return (struct verdict){ .entry = deny };
	for (size_t i = 0; i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];
		uint32_t width;

		if (!explain_allows(policy, entry, host))
			continue;
		if (!near || is_nearer(entry, near))
			near = entry;
		if (explain_covers_point(entry, point, &width) &&
		    (!best || is_nearer(entry, best)))
			best = entry;
	}
	if (best)
		return (struct verdict){ .allowed = true, .entry = best };
	if (full)
		return (struct verdict){ .allowed = true, .reason = "policy full" };
	return (struct verdict){
		.entry = near,
		.wrong_port = near,
		.reason = near ? "wrong port" : "no entry",
	};
}
