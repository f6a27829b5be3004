#include <jansson.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/entries.h"
#include "lib/macros.h"
#include "lib/policy.h"
#include "tests/fuzz/fuzz.h"

/* A policy text, as profile and as project: faults and result agree, what is printed is the same policy
 * again and prints the same, JSON too, and the lines that are kept of it name one for each network. */

#define MEMORY (32u << 20)

struct reading {
	struct arena *arena;
	struct notes notes;
	struct layer layer;
	struct policy policy;
	int result;
};

static void reading_make(struct reading *reading, enum layer_kind kind, const char *bytes,
			 size_t length)
{
	struct layer *layers[LAYER_COUNT] = { 0 };
	struct error err = { 0 };

	*reading = (struct reading){ .arena = arena_new(MEMORY) };
	PROMISE(reading->arena);
	layer_init(&reading->layer, kind, "fuzz.yml");
	layers[kind] = &reading->layer;
	reading->result = layer_parse(&reading->layer, bytes, length, reading->arena,
				      &reading->notes, &err);
	PROMISE(reading->result == (reading->notes.errors ? -1 : 0));
	if (reading->result == 0)
		reading->result = policy_merge(layers, reading->arena, &reading->notes,
					       &reading->policy, &err);
	PROMISE(reading->result == 0 || (err.kind != ERROR_NONE && err.text[0]));
}

static void reading_release(struct reading *reading)
{
	layer_release(&reading->layer);
	notes_release(&reading->notes);
	arena_free(reading->arena);
}

static const struct entry *next_of(const struct policy *policy, bool deny, size_t *at)
{
	while (*at < policy->count) {
		const struct entry *entry = &policy->entries[(*at)++];

		if (entry->deny == deny && !entry->same)
			return entry;
	}
	return NULL;
}

/* Lists are printed one behind the other, so each has its own order. */
static void check_same(const struct policy *a, const struct policy *b)
{
	PROMISE(a->mode == b->mode && a->trust == b->trust);
	PROMISE(a->dns == b->dns);
	PROMISE(a->inbound.kind == b->inbound.kind);
	PROMISE(a->host_gateway.kind == b->host_gateway.kind);
	for (int deny = 0; deny < 2; deny++) {
		const struct entry *x, *y;
		size_t i = 0, j = 0;

		do {
			x = next_of(a, deny, &i);
			y = next_of(b, deny, &j);
			PROMISE(!x == !y);
			if (!x)
				break;
			PROMISE(x->kind == y->kind && x->private_ok == y->private_ok);
			PROMISE(x->required == y->required && x->types == y->types);
			PROMISE(x->port_count == y->port_count);
			PROMISE(!entry_is_name(x) || strcmp(x->host, y->host) == 0);
			PROMISE(x->kind != ENTRY_PREFIX ||
				addr_compare(&x->prefix.base, &y->prefix.base) == 0);
		} while (x);
	}
}

/* Without the comments, which say where things stand. */
static void print_bare(const struct policy *policy, struct buf *out)
{
	struct buf text CLEANUP(buf_release) = { 0 };
	char *rest, *line;

	policy_print(policy, &text);
	PROMISE(!text.failed);
	for (rest = text.data; rest && (line = strsep(&rest, "\n"));) {
		char *comment = strstr(line, "  # ");

		if (comment)
			*comment = '\0';
		buf_printf(out, "%s\n", line);
	}
}

static void check_lines(const struct policy *policy)
{
	static const struct answers none;
	struct buf lines CLEANUP(buf_release) = { 0 };
	struct entry_line line;

	entries_print(policy, &lines);
	for (size_t i = 0; i < policy->count && policy->count <= 64; i++) {
		const struct entry *entry = &policy->entries[i];

		if (entry->kind == ENTRY_PREFIX)
			PROMISE(entries_find(lines.data, lines.length, &none,
					     entry->deny ? "deny" : "allow",
					     &entry->prefix.base, &line));
	}
}

static void check_json(const struct policy *policy)
{
	struct buf text CLEANUP(buf_release) = { 0 };
	json_t *object;

	PROMISE(policy_print_json(policy, &text) == 0);
	object = json_loadb(text.data, text.length, 0, NULL);
	PROMISE(json_integer_value(json_object_get(object, "version")) == 1);
	json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct reading profile, project, again;
	struct buf text CLEANUP(buf_release) = { 0 }, once CLEANUP(buf_release) = { 0 },
			twice CLEANUP(buf_release) = { 0 };

	reading_make(&project, LAYER_PROJECT, (const char *)bytes, length);
	reading_release(&project);
	reading_make(&profile, LAYER_PROFILE, (const char *)bytes, length);
	if (profile.result == 0) {
		policy_print(&profile.policy, &text);
		reading_make(&again, LAYER_PROFILE, text.data, text.length);
		PROMISE(again.result == 0);
		check_same(&profile.policy, &again.policy);
		print_bare(&profile.policy, &once);
		print_bare(&again.policy, &twice);
		PROMISE(strcmp(once.data, twice.data) == 0);
		check_lines(&profile.policy);
		check_json(&profile.policy);
		reading_release(&again);
	}
	reading_release(&profile);
	return 0;
}
