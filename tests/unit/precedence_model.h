#pragma once

#include "lib/host.h"
#include "tests/unit/merge_model.h"

/* What DESIGN §3 says about precedence: is a point open? See merge_model.h. */

static inline struct addr mm_addr(const char *text)
{
	struct addr addr;

	PROMISE(addr_parse(text, strlen(text), &addr));
	return addr;
}

/* How wide the entry's ports are there; 0: it says nothing about the point. */
static inline unsigned mm_width(const struct mm_entry *entry, size_t point)
{
	const struct mm_item *item = entry->item;
	unsigned port = mm_points[point].port;
	char protocol = mm_points[point].protocol;

	/* "an entry without ports does not open 53 and 853; one that names them does" */
	if (!item->first)
		return !entry->deny && protocol != 'o' && (port == 53 || port == 853)
			       ? 0
			       : 1u << 20;
	if (protocol == 'o' || (item->protocol && item->protocol != protocol) ||
	    port < item->first || port > item->last)
		return 0;
	return item->last - item->first + 1;
}

static inline bool mm_covers(const struct mm_item *item, const struct addr *addr)
{
	struct addr base;
	unsigned shift;

	if (!item->base)
		return false;
	base = mm_addr(item->base);
	shift = addr_bits(addr->family) - item->length;
	return base.family == addr->family &&
	       (item->length == 0 || base.value >> shift == addr->value >> shift);
}

enum mm_word { MM_SILENT, MM_ALLOW, MM_DENY };

/* "Within one trust level: the longest prefix decides; on a tie the narrower ports, then deny." */
static inline enum mm_word mm_literal(const struct mm_policy *policy, bool project,
				      const struct addr *addr, size_t point)
{
	const struct mm_entry *best = NULL;
	unsigned best_width = 0;

	for (size_t i = 0; i < policy->count; i++) {
		const struct mm_entry *entry = &policy->entries[i];
		unsigned width = mm_width(entry, point);
		bool better;

		if (entry->project != project || !width || !mm_covers(entry->item, addr))
			continue;
		better = !best || entry->item->length > best->item->length;
		if (best && entry->item->length == best->item->length)
			better = width < best_width ||
				 (width == best_width && entry->deny);
		if (better) {
			best = entry;
			best_width = width;
		}
	}
	return !best ? MM_SILENT : best->deny ? MM_DENY : MM_ALLOW;
}

/* How exactly the entry names the host: 0 not at all, the name itself before all wildcards, a longer
 * domain before a shorter one. */
static inline size_t mm_names(const struct mm_item *item, const char *host)
{
	if (!item->host)
		return 0;
	if (!item->wild && strcmp(item->host, host) == 0)
		return 1000;
	if ((item->wild == '.' && strcmp(item->host, host) == 0) ||
	    (item->wild && host_is_below(host, item->host)))
		return strlen(item->host);
	return 0;
}

static inline size_t mm_most(const struct mm_policy *policy, bool project, bool deny,
			     const char *host)
{
	size_t most = 0;

	for (size_t i = 0; i < policy->count; i++) {
		const struct mm_entry *entry = &policy->entries[i];
		size_t exact = mm_names(entry->item, host);

		if (entry->project == project && entry->deny == deny && exact > most)
			most = exact;
	}
	return most;
}

/* Does the entry open the addresses of the host, as far as denied names are concerned? */
static inline bool mm_name_opens(const struct mm_policy *policy,
				 const struct mm_entry *entry, const char *host)
{
	size_t exact = mm_names(entry->item, host);
	size_t operators = mm_most(policy, false, true, host);

	if (entry->deny || !exact)
		return false;
	/* Refused by one of both, the name leads nowhere. */
	for (int project = 0; project < 2; project++) {
		size_t deny = mm_most(policy, project, true, host);

		if (deny && deny >= mm_most(policy, project, false, host))
			return false;
	}
	if (entry->project && operators)
		return false;
	return exact > mm_most(policy, entry->project, true, host);
}

/* "A name never beats a deny: it opens only what no deny covers." */
static inline bool mm_by_name(const struct mm_policy *policy, const struct addr *addr,
			      size_t point)
{
	for (size_t i = 0; i < policy->count; i++)
		if (policy->entries[i].deny && mm_width(&policy->entries[i], point) &&
		    mm_covers(policy->entries[i].item, addr))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(mm_answers); i++) {
		struct addr led = mm_addr(mm_answers[i].addr);

		if (addr_compare(&led, addr) != 0)
			continue;
		for (size_t j = 0; j < policy->count; j++)
			if (mm_width(&policy->entries[j], point) &&
			    mm_name_opens(policy, &policy->entries[j],
					  mm_answers[i].host))
				return true;
	}
	return false;
}

static inline bool mm_is_open(const struct mm_policy *policy, const struct addr *addr,
			      size_t point)
{
	enum mm_word by_operator = mm_literal(policy, false, addr, point);
	enum mm_word by_project = mm_literal(policy, true, addr, point);
	unsigned port = mm_points[point].port;

	/* "none: only loopback and replies" */
	if (policy->mode == MODE_NONE || by_operator == MM_DENY || by_project == MM_DENY)
		return false;
	if (by_operator == MM_ALLOW || by_project == MM_ALLOW ||
	    mm_by_name(policy, addr, point))
		return true;
	/* "full: nothing is fenced; with deny entries only those are refused"; "pinned: port 53 is
	 * closed", and guarded answers there itself. */
	return policy->mode == MODE_FULL &&
	       (policy->dns == STANCE_RESOLVERS || (port != 53 && port != 853));
}
