#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/policy.h"

/* More places than this are only counted. */
#define PLACES_MAX 8

/* Of a terminal. */
#define COLUMNS 80

/* The repetitions, sorted by what they repeat, so that each entry finds its own. */
struct repeats {
	const struct entry **v;
	size_t count;
};

static int compare_repeats(const void *a, const void *b)
{
	const struct entry *left = *(const struct entry *const *)a;
	const struct entry *right = *(const struct entry *const *)b;

	if (left->same != right->same)
		return left->same < right->same ? -1 : 1;
	return left < right ? -1 : left > right;
}

static bool repeats_collect(const struct policy *policy, struct repeats *repeats)
{
	size_t count = 0;

	*repeats = (struct repeats){ 0 };
	for (size_t i = 0; i < policy->count; i++)
		count += policy->entries[i].same != NULL;
	repeats->v = calloc(count + 1, sizeof(*repeats->v));
	if (!repeats->v)
		return false;
	for (size_t i = 0; i < policy->count; i++)
		if (policy->entries[i].same)
			repeats->v[repeats->count++] = &policy->entries[i];
	qsort(repeats->v, count, sizeof(*repeats->v), compare_repeats);
	return true;
}

static void repeats_release(struct repeats *repeats)
{
	free(repeats->v);
}

/* The first repetition of the entry, or where it would stand. */
static size_t repeats_find(const struct repeats *repeats, const struct entry *entry)
{
	size_t low = 0, high = repeats->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (repeats->v[middle]->same < entry)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A run of entries that came of one use of a preset, or a single entry. */
static size_t run_length(const struct policy *policy, size_t start)
{
	const struct entry *first = &policy->entries[start];
	size_t end = start + 1;

	if (!first->preset)
		return 1;
	for (; end < policy->count; end++) {
		const struct entry *entry = &policy->entries[end];

		if (entry->preset != first->preset || entry->deny != first->deny ||
		    entry->trust != first->trust ||
		    entry->origin.source != first->origin.source ||
		    entry->origin.line != first->origin.line ||
		    entry->origin.column != first->origin.column)
			break;
	}
	return end - start;
}

/* --- YAML -------------------------------------------------------------------------------- */

static void print_place(const struct origin *origin, const char *before, struct buf *out)
{
	char place[ORIGIN_TEXT];

	buf_printf(out, "%s%s", before,
		   origin->source ? origin_format(origin, place) : "default");
}

static bool same_place(const struct origin *a, const struct origin *b)
{
	return a->source == b->source && a->line == b->line;
}

/* "# policy.yml:3, .ccpod.yml:7" for the run and everything that repeats a part of it. */
static void print_places(const struct entry *run, size_t length,
			 const struct repeats *repeats, struct buf *out)
{
	const struct origin *last = &run->origin;
	size_t places = 1;

	print_place(last, "  # ", out);
	for (size_t i = 0; i < length; i++) {
		for (size_t j = repeats_find(repeats, &run[i]);
		     j < repeats->count && repeats->v[j]->same == &run[i]; j++) {
			if (same_place(&repeats->v[j]->origin, last))
				continue;
			last = &repeats->v[j]->origin;
			if (places++ < PLACES_MAX)
				print_place(last, ", ", out);
		}
	}
	if (places > PLACES_MAX)
		buf_printf(out, " and %zu more", places - PLACES_MAX);
	if (run->trust == TRUST_PROJECT)
		buf_puts(out, " (project)");
}

static void print_preset(const struct entry *run, size_t length, struct buf *out)
{
	bool required = false;

	for (size_t i = 0; i < length; i++)
		required = required || run[i].required;
	buf_printf(out, required ? "{ preset: %s, required: true }" : "preset: %s",
		   run->preset);
}

/* The places stand behind the entry where a terminal has room for both, else above it. */
static void print_run(const struct entry *run, size_t length,
		      const struct repeats *repeats, struct buf *out)
{
	struct buf entry CLEANUP(buf_release) = { 0 },
			 places CLEANUP(buf_release) = { 0 };

	if (run->preset)
		print_preset(run, length, &entry);
	else
		entry_print_item(run, &entry);
	print_places(run, length, repeats, &places);
	out->failed = out->failed || entry.failed || places.failed;
	if (out->failed)
		return;
	if (strlen("    - ") + entry.length + places.length > COLUMNS)
		buf_printf(out, "  %s\n    - %s\n", places.data, entry.data);
	else
		buf_printf(out, "    - %s%s\n", entry.data, places.data);
}

/* Whose entries are to be printed. */
enum whose {
	OF_ALL,
	OF_OPERATOR,
};

static bool is_said(const struct entry *entry, enum whose whose)
{
	const struct entry *same = entry->same;

	return same && (whose == OF_ALL || same->trust == entry->trust);
}

static bool print_entries(const struct policy *policy, bool deny, enum whose whose,
			  const struct repeats *repeats, struct buf *out)
{
	const char *head = deny ? "  deny:\n" : "  allow:\n";
	size_t length;
	bool any = false;

	for (size_t i = 0; i < policy->count; i += length) {
		const struct entry *run = &policy->entries[i];
		bool said = true;

		length = run_length(policy, i);
		for (size_t j = 0; j < length; j++)
			said = said && is_said(&run[j], whose);
		if (said || run->deny != deny ||
		    (whose == OF_OPERATOR && run->trust != TRUST_OPERATOR))
			continue;
		buf_puts(out, any ? "" : head);
		any = true;
		print_run(run, length, repeats, out);
	}
	return any;
}

bool policy_print_operator(const struct policy *policy, bool deny, struct buf *out)
{
	struct repeats repeats CLEANUP(repeats_release) = { 0 };

	if (repeats_collect(policy, &repeats))
		return print_entries(policy, deny, OF_OPERATOR, &repeats, out);
	out->failed = true;
	return false;
}

static void print_scalar(const char *key, const char *value, const struct origin *origin,
			 struct buf *out)
{
	buf_printf(out, "  %s: %s", key, value);
	print_place(origin, "  # ", out);
	buf_puts(out, "\n");
}

static void print_opening(const char *key, const struct opening *opening,
			  const char *closed, const char *open, struct buf *out)
{
	struct buf ports CLEANUP(buf_release) = { 0 };

	switch (opening->kind) {
	case OPENING_UNSET:
		break;
	case OPENING_CLOSED:
		print_scalar(key, closed, &opening->origin, out);
		break;
	case OPENING_OPEN:
		print_scalar(key, open, &opening->origin, out);
		break;
	case OPENING_PORTS:
		ports_print_list(opening->ports, opening->port_count, &ports);
		print_scalar(key, ports.data ? ports.data : "", &opening->origin, out);
		out->failed = out->failed || ports.failed;
		break;
	}
}

void policy_print(const struct policy *policy, struct buf *out)
{
	struct repeats repeats CLEANUP(repeats_release) = { 0 };

	if (!repeats_collect(policy, &repeats)) {
		out->failed = true;
		return;
	}
	buf_puts(out, "network:\n");
	print_scalar("policy", mode_name(policy->mode), &policy->mode_origin, out);
	(void)print_entries(policy, false, OF_ALL, &repeats, out);
	(void)print_entries(policy, true, OF_ALL, &repeats, out);
	print_scalar("dns", stance_name(policy->dns), &policy->dns_origin, out);
	print_opening("inbound", &policy->inbound, "deny", "allow", out);
	print_opening("host_gateway", &policy->host_gateway, "false", "true", out);
	buf_printf(out, "  trust_project: %s\n", trust_name(policy->trust));
}

/* --- JSON -------------------------------------------------------------------------------- */

static json_t *place_json(const struct origin *origin)
{
	char place[ORIGIN_TEXT];

	return origin->source ? json_string(origin_format(origin, place)) : json_null();
}

static json_t *text_json(void (*print)(const struct entry *entry, struct buf *out),
			 const struct entry *entry)
{
	struct buf text CLEANUP(buf_release) = { 0 };

	print(entry, &text);
	return text.failed || !text.data ? NULL : json_stringn(text.data, text.length);
}

static json_t *places_json(const struct entry *entry, const struct repeats *repeats)
{
	json_t *places = json_pack("[o]", place_json(&entry->origin));

	for (size_t i = repeats_find(repeats, entry);
	     places && i < repeats->count && repeats->v[i]->same == entry; i++)
		json_array_append_new(places, place_json(&repeats->v[i]->origin));
	return places;
}

static json_t *types_json(uint8_t types)
{
	json_t *list = json_array();
	const char *name;

	while (list && (name = entry_type_next(&types)))
		json_array_append_new(list, json_string(name));
	return list;
}

static json_t *entry_json(const struct entry *entry, const struct repeats *repeats)
{
	return json_pack("{s:o, s:s*, s:b, s:b, s:o, s:b, s:o}", "entry",
			 text_json(entry_print, entry), "preset", entry->preset,
			 "private", entry->private_ok, "required", entry->required,
			 "types", types_json(entry->types), "project",
			 entry->trust == TRUST_PROJECT, "origins",
			 places_json(entry, repeats));
}

static json_t *entries_json(const struct policy *policy, bool deny,
			    const struct repeats *repeats)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];

		if (entry->deny == deny && !entry->same &&
		    json_array_append_new(list, entry_json(entry, repeats)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *opening_json(const struct opening *opening)
{
	struct buf ports CLEANUP(buf_release) = { 0 };

	switch (opening->kind) {
	case OPENING_UNSET:
		return json_null();
	case OPENING_CLOSED:
		return json_string("closed");
	case OPENING_OPEN:
		return json_string("open");
	case OPENING_PORTS:
		break;
	}
	ports_print(opening->ports, opening->port_count, &ports);
	return ports.failed || !ports.data ? NULL : json_string(ports.data);
}

static json_t *with_origin(json_t *value, const struct origin *origin)
{
	return json_pack("{s:o, s:o}", "value", value, "origin", place_json(origin));
}

int policy_print_json(const struct policy *policy, struct buf *out)
{
	struct repeats repeats CLEANUP(repeats_release) = { 0 };
	json_t *root;
	char *text;

	if (!repeats_collect(policy, &repeats))
		return -1;
	root = json_pack(
		"{s:i, s:o, s:o, s:o, s:o, s:s, s:b, s:I, s:o, s:o}", "version", 1,
		"policy",
		with_origin(json_string(mode_name(policy->mode)), &policy->mode_origin),
		"dns",
		with_origin(json_string(stance_name(policy->dns)), &policy->dns_origin),
		"inbound",
		with_origin(opening_json(&policy->inbound), &policy->inbound.origin),
		"host_gateway",
		with_origin(opening_json(&policy->host_gateway),
			    &policy->host_gateway.origin),
		"trust_project", trust_name(policy->trust), "project_read",
		policy->project_read, "project_added", (json_int_t)policy->project_added,
		"allow", entries_json(policy, false, &repeats), "deny",
		entries_json(policy, true, &repeats));
	text = json_print(root, JSON_INDENT(2));
	if (!text)
		return -1;
	buf_puts(out, text);
	buf_puts(out, "\n");
	free(text);
	return out->failed ? -1 : 0;
}
