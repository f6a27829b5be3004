#include "lib/entries.h"

#include <stdio.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/host.h"

static void print_line(const char *word, const struct origin *origin, const char *subject,
		       const char *text, struct buf *out)
{
	char shown[ORIGIN_TEXT];

	if (origin->source)
		buf_printf(out, "%s\t%s\t%s\t%s\n", word, origin_format(origin, shown),
			   subject, text);
}

static void print_entry(const struct entry *entry, struct buf *out)
{
	struct entry bare = *entry;
	struct buf subject CLEANUP(buf_release) = { 0 };
	struct buf text CLEANUP(buf_release) = { 0 };
	char prefix[PREFIX_TEXT];

	/* An IPv6 network stands in brackets only where ports follow. */
	bare.port_count = 0;
	if (entry->kind == ENTRY_PREFIX)
		buf_puts(&subject, prefix_format(&entry->prefix, prefix));
	else
		entry_print(&bare, &subject);
	entry_print(entry, &text);
	if (subject.failed || text.failed)
		out->failed = true;
	else
		print_line(entry->deny ? "deny" : "allow", &entry->origin, subject.data,
			   text.data, out);
}

void entries_print(const struct policy *policy, struct buf *out)
{
	if (policy->count > ENTRIES_MAX)
		return;
	for (size_t i = 0; i < policy->count; i++)
		print_entry(&policy->entries[i], out);
	print_line("inbound", &policy->inbound.origin, "", "", out);
	print_line("dns", &policy->dns_origin, "", "", out);
}

#define FIELDS 4
struct field {
	const char *text;
	size_t length;
};

/* The next line's fields; false at the end. What has fewer of them is passed over. */
static bool next_line(const char *text, size_t length, size_t *at,
		      struct field fields[static FIELDS])
{
	while (*at < length) {
		const char *from = text + *at;
		const char *end = memchr(from, '\n', length - *at);
		size_t rest = end ? (size_t)(end - from) : length - *at, count = 0;

		*at += rest + 1;
		while (count < FIELDS) {
			const char *tab = memchr(from, '\t', rest);
			size_t field = tab ? (size_t)(tab - from) : rest;

			fields[count++] = (struct field){ from, field };
			if (!tab)
				break;
			from += field + 1;
			rest -= field + 1;
		}
		if (count == FIELDS)
			return true;
	}
	return false;
}

/* "api.example.com", "*.example.com" or ".example.com". */
static bool name_has(const char *name, const struct answers *answers,
		     const struct addr *addr)
{
	bool below = strncmp(name, "*.", 2) == 0, subtree = name[0] == '.';
	const char *domain = below ? name + 2 : subtree ? name + 1 : name;

	for (size_t i = 0; i < answers->count; i++) {
		const struct answer *answer = &answers->v[i];
		bool fits = (!below && strcmp(answer->host, domain) == 0) ||
			    ((below || subtree) && host_is_below(answer->host, domain));

		if (fits && answer_has(answer, addr))
			return true;
	}
	return false;
}

/* How well a subject covers the address: 1 for a name, more for a longer prefix, 0 not at all. */
static int cover(const struct field *subject, const struct answers *answers,
		 const struct addr *addr)
{
	struct prefix prefix;
	struct error ignored;
	char name[512];

	if (!addr)
		return 1;
	if (prefix_parse(subject->text, subject->length, &prefix, &ignored) == 0)
		return prefix_contains(&prefix, addr) ? 2 + prefix.length : 0;
	snprintf(name, sizeof(name), "%.*s", (int)subject->length, subject->text);
	return name_has(name, answers, addr);
}

bool entries_find(const char *text, size_t length, const struct answers *answers,
		  const char *word, const struct addr *addr, struct entry_line *ret)
{
	struct field fields[FIELDS];
	int best = 0;

	for (size_t at = 0; next_line(text, length, &at, fields);) {
		int covers;

		if (fields[0].length != strlen(word) ||
		    memcmp(fields[0].text, word, fields[0].length) != 0)
			continue;
		covers = cover(&fields[2], answers, addr);
		if (covers <= best)
			continue;
		best = covers;
		snprintf(ret->origin, sizeof(ret->origin), "%.*s", (int)fields[1].length,
			 fields[1].text);
		snprintf(ret->text, sizeof(ret->text), "%.*s", (int)fields[3].length,
			 fields[3].text);
	}
	return best > 0;
}
