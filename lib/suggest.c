#include "lib/suggest.h"

#include <stdlib.h>
#include <string.h>

#include "lib/suggest_fold.h"

static const char *const heads[SEEN_STATES] = {
	[SEEN_USED] = "seen, and allowed from here on:",
	[SEEN_DENIED] = "seen, and denied as before:",
	[SEEN_REFUSED] = "refused; yours to decide:",
	[SEEN_CLOSED] = "seen, and not allowed:",
	[SEEN_ASKED] = "asked of DNS; a connection, if any, was to what is open already:",
};

/* --- comments ---------------------------------------------------------------------------- */

static void print_count(uint64_t count, struct buf *out)
{
	if (count <= 2)
		buf_puts(out, count == 2 ? "twice" : "once");
	else
		buf_printf(out, "%llu times", (unsigned long long)count);
}

static void print_list(const char *const *list, size_t count, size_t most,
		       const char *before, struct buf *out)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s", i ? ", " : before, i < most ? list[i] : "...");
}

static void print_who(const struct seen *seen, struct buf *out)
{
	print_count(seen->count, out);
	print_list(seen->programs, seen->program_count, SEEN_PROGRAMS, ", ", out);
}

static bool is_dns_only(const struct entry *entry)
{
	for (size_t i = 0; i < entry->port_count; i++) {
		struct port_range range = entry->ports[i];
		uint32_t port = range.first % PORTSET_UDP;

		if (range.first != range.last || (port != 53 && port != 853))
			return false;
	}
	return entry->port_count > 0;
}

static int compare_line(const void *host, const void *line)
{
	const struct entry entry = { .kind = ENTRY_NAME, .host = host };

	return seen_compare(&entry, &((const struct line *)line)->seen.entry);
}

/* Other names of the address, without those that have a line of their own. */
static void print_others(const struct lines *lines, const struct seen *seen,
			 struct buf *out)
{
	const char *others[SEEN_OTHERS + 1];
	size_t count = 0;

	for (size_t i = 0; i < seen->other_count; i++)
		if (!bsearch(seen->others[i], lines->v, lines->used, sizeof(*lines->v),
			     compare_line))
			others[count++] = seen->others[i];
	print_list(others, count, SEEN_OTHERS, "; or ", out);
}

/* "12 times, npm, node; or cdn.example.com; part of preset github" */
static void print_comment(const struct lines *lines, const struct line *line,
			  struct buf *out)
{
	const struct seen *seen = &line->seen;
	char place[ORIGIN_TEXT];

	buf_puts(out, "  # ");
	print_who(seen, out);
	if (line->names)
		buf_printf(out, "; %zu names", line->names);
	if (line->names && !line->whole)
		print_list(seen->others, seen->other_count, SEEN_OTHERS, ": ", out);
	else if (!line->names)
		print_others(lines, seen, out);
	if (is_dns_only(&seen->entry))
		buf_puts(out, "; a DNS server, asked directly");
	if (seen->state == SEEN_DENIED && seen->rule)
		buf_printf(out, "; denied by %s", origin_format(seen->rule, place));
	if (seen->state == SEEN_CLOSED && seen->why)
		buf_printf(out, "; %s", seen->why);
	if (line->part)
		buf_printf(out, "; part of preset %s", line->part->name);
	buf_puts(out, "\n");
}

/* --- allow ------------------------------------------------------------------------------- */

static void print_line(const struct lines *lines, const struct line *line,
		       struct buf *out)
{
	buf_puts(out, line->seen.state == SEEN_USED ? "    - " : "    # - ");
	if (line->whole)
		buf_printf(out, "preset: %s", line->whole->name);
	else
		entry_print_item(&line->seen.entry, out);
	print_comment(lines, line, out);
}

static bool is_printed(const struct line *line, enum seen_state state, bool whole)
{
	return !line->folded && line->seen.state == state && !line->whole == !whole;
}

/* What stands for several names is behind what it was made of: presets come first, and a wildcard
 * where its domain does. */
static void print_used(const struct lines *lines, size_t names, struct buf *out)
{
	for (size_t i = names; i < lines->count; i++)
		if (lines->v[i].whole)
			print_line(lines, &lines->v[i], out);
	for (size_t i = names; i < lines->count; i++)
		if (!lines->v[i].whole && !lines->v[i].folded)
			print_line(lines, &lines->v[i], out);
	for (size_t i = 0; i < names; i++)
		if (is_printed(&lines->v[i], SEEN_USED, false))
			print_line(lines, &lines->v[i], out);
}

static void print_allow(const struct policy *policy, const struct lines *lines,
			size_t names, struct buf *out)
{
	bool any = policy_print_operator(policy, false, out);

	for (enum seen_state state = 0; state < SEEN_STATES; state++) {
		bool head = false;

		for (size_t i = 0; i < names && !head; i++)
			head = lines->v[i].seen.state == state;
		if (!head)
			continue;
		buf_printf(out, "%s    # %s\n", any ? "" : "  allow:\n", heads[state]);
		any = true;
		if (state == SEEN_USED)
			print_used(lines, names, out);
		for (size_t i = 0; i < names && state != SEEN_USED; i++)
			if (is_printed(&lines->v[i], state, false))
				print_line(lines, &lines->v[i], out);
	}
	if (!any)
		buf_puts(out, "  allow: []  # no destination was seen\n");
}

/* --- the rest ---------------------------------------------------------------------------- */

static void print_origin(const struct origin *origin, struct buf *out)
{
	char place[ORIGIN_TEXT];

	buf_puts(out, origin->source ? origin_format(origin, place) : "default");
}

/* Who wants no network is not given one. */
static void print_policy(const struct policy *policy, struct buf *out)
{
	enum mode mode = policy->mode == MODE_NONE ? MODE_NONE : MODE_RESTRICTED;

	buf_printf(out, "  policy: %s  # ", mode_name(mode));
	if (policy->mode != mode)
		buf_printf(out, "was %s, ", mode_name(policy->mode));
	print_origin(&policy->mode_origin, out);
	buf_puts(out, "\n");
}

static void print_dns(const struct policy *policy, bool wildcards, struct buf *out)
{
	bool changed = wildcards && policy->dns != STANCE_GUARDED;

	buf_printf(out, "  dns: %s  # ",
		   stance_name(changed ? STANCE_GUARDED : policy->dns));
	if (changed)
		buf_printf(out, "wildcards need it; was %s, ", stance_name(policy->dns));
	print_origin(&policy->dns_origin, out);
	buf_puts(out, "\n");
}

/* `inbound` and `host_gateway` are of one kind. */
struct opening_words {
	const char *key, *closed, *open;
};

static void print_ports(const struct opening_words *words, const char *before,
			const struct port_range *ports, size_t count, struct buf *out)
{
	buf_printf(out, "  %s%s: ", before, words->key);
	ports_print_list(ports, count, out);
	buf_puts(out, "  # ");
}

/* What the policy lists and what was used. */
static bool join_ports(const struct opening *said, const struct entry *used,
		       struct arena *arena, struct opening *ret)
{
	size_t listed = said->kind == OPENING_PORTS ? said->port_count : 0;
	size_t count = listed + used->port_count;
	struct port_range *ports = arena_alloc(arena, count * sizeof(*ports) + 1);

	if (!ports)
		return false;
	if (listed)
		memcpy(ports, said->ports, listed * sizeof(*ports));
	if (used->port_count)
		memcpy(ports + listed, used->ports, used->port_count * sizeof(*ports));
	*ret = *said;
	ret->ports = ports;
	ret->port_count = ports_normalise(ports, count);
	ret->kind = ret->port_count ? OPENING_PORTS : OPENING_CLOSED;
	/* A list has an end; then the policy's alone. */
	if (ret->port_count > ENTRY_PORTS_MAX)
		*ret = *said;
	return true;
}

/* What the policy says stays, as far as it is said and not by default. */
static void print_opening(const struct opening_words *words, const struct opening *said,
			  const struct seen_ports *seen, struct arena *arena,
			  struct buf *out)
{
	const struct entry *used = &seen->used.entry, *refused = &seen->refused.entry;
	bool explicitly = said->origin.source;
	bool stays = explicitly && said->kind != OPENING_PORTS;
	struct opening all = *said;

	if (!stays && !join_ports(said, used, arena, &all)) {
		out->failed = true;
		return;
	}
	if (all.kind == OPENING_PORTS)
		print_ports(words, "", all.ports, all.port_count, out);
	else
		buf_printf(out, "  %s: %s  # ", words->key,
			   all.kind == OPENING_OPEN ? words->open : words->closed);
	if (explicitly || !used->port_count)
		print_origin(&said->origin, out);
	if (!stays && used->port_count) {
		buf_puts(out, explicitly ? "; seen " : "");
		print_who(&seen->used, out);
	}
	buf_puts(out, "\n");
	if (stays && used->port_count) {
		print_ports(words, "# ", used->ports, used->port_count, out);
		print_who(&seen->used, out);
		buf_puts(out, "; denied as before\n");
	}
	if (refused->port_count) {
		print_ports(words, "# ", refused->ports, refused->port_count, out);
		print_who(&seen->refused, out);
		buf_puts(out, "; refused; yours to decide\n");
	}
}

static void print_openings(const struct policy *policy, const struct sights *sights,
			   struct arena *arena, struct buf *out)
{
	static const struct opening_words inbound = { "inbound", "deny", "allow" };
	static const struct opening_words gateway = { "host_gateway", "false", "true" };

	print_opening(&inbound, &policy->inbound, &sights->inbound, arena, out);
	print_opening(&gateway, &policy->host_gateway, &sights->gateway, arena, out);
}

/* Printed, a project's lines would become the operator's, which no `deny` cuts as it did. */
static void print_project(const struct policy *policy, struct buf *out)
{
	for (size_t i = 0; i < policy->count; i++) {
		if (policy->entries[i].trust != TRUST_PROJECT)
			continue;
		buf_puts(out, "  # what the project allows and denies stays in its own "
			      "file\n");
		return;
	}
}

int suggest_print(const struct suggestion *suggestion, struct arena *arena,
		  struct buf *out, struct error *err)
{
	static const struct policy nothing = {
		.mode = MODE_RESTRICTED,
		.dns = STANCE_RESOLVERS,
		.trust = TRUST_EXTEND,
		.inbound = { .kind = OPENING_CLOSED },
		.host_gateway = { .kind = OPENING_CLOSED },
	};
	const struct policy *policy = suggestion->policy ? suggestion->policy : &nothing;
	struct sights sights CLEANUP(sights_release) = { 0 };
	struct lines lines CLEANUP(lines_release) = { 0 };

	if (sights_collect(policy, suggestion->site, suggestion->rows,
			   suggestion->row_count, arena, &sights, err) < 0)
		return -1;
	if (!fold_lines(suggestion, &sights, &lines))
		return error_memory(err);
	buf_puts(
		out,
		"# What the policy allowed and what was seen beside it. Who could make the "
		"agent connect\n# could write a line here: read before you use it.\n"
		"network:\n");
	print_policy(policy, out);
	print_allow(policy, &lines, sights.count, out);
	(void)policy_print_operator(policy, true, out);
	print_project(policy, out);
	print_dns(policy, lines.wildcards, out);
	print_openings(policy, &sights, arena, out);
	buf_printf(out, "  trust_project: %s\n", trust_name(policy->trust));
	return out->failed ? error_memory(err) : 0;
}
