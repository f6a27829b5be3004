#include <string.h>

#include "lib/suggest.h"
#include "tests/fuzz/fuzz.h"

/* A policy, a line "...", and a record that the agent had its part in: what is suggested is accepted
 * as a policy, and a suggestion for that adds nothing. */

#define MEMORY (32u << 20)
#define ROWS_MAX 256u
static const char separator[] = "\n...\n";

struct reading {
	struct arena *arena;
	struct notes notes;
	struct layer layer;
	struct policy policy;
	size_t allows;
	int result;
};

static void reading_make(struct reading *reading, const char *bytes, size_t length)
{
	struct layer *layers[LAYER_COUNT] = { [LAYER_PROFILE] = &reading->layer };
	struct error err;

	*reading = (struct reading){ .arena = arena_new(MEMORY) };
	PROMISE(reading->arena);
	layer_init(&reading->layer, LAYER_PROFILE, "fuzz.yml");
	reading->result = layer_parse(&reading->layer, bytes, length, reading->arena,
				      &reading->notes, &err);
	if (reading->result == 0)
		reading->result = policy_merge(layers, reading->arena, &reading->notes,
					       &reading->policy, &err);
	for (size_t i = 0; reading->result == 0 && i < reading->policy.count; i++)
		reading->allows += !reading->policy.entries[i].deny;
}

static void reading_release(struct reading *reading)
{
	layer_release(&reading->layer);
	notes_release(&reading->notes);
	arena_free(reading->arena);
}

static size_t read_rows(const char *text, size_t length, struct arena *arena,
			struct refusal rows[static ROWS_MAX])
{
	size_t count = 0;

	for (size_t at = 0, line; at < length && count < ROWS_MAX; at += line + 1) {
		const char *end = memchr(text + at, '\n', length - at);

		line = end ? (size_t)(end - text) - at : length - at;
		count += refusal_parse_json(text + at, line, arena, &rows[count]);
	}
	return count;
}

/* False: names_build() has its limits. */
static bool suggest(const struct policy *policy, const struct refusal *rows, size_t count,
		    struct arena *arena, struct reading *ret)
{
	static const struct site nowhere;
	struct suggestion suggestion = {
		.policy = policy,
		.site = &nowhere,
		.rows = rows,
		.row_count = count,
		.wildcards = count % 2,
	};
	struct buf text = { 0 };
	struct error err = { 0 };
	bool done;

	PROMISE(presets_load(arena, &suggestion.presets, &suggestion.preset_count,
			     &err) == 0);
	done = suggest_print(&suggestion, arena, &text, &err) == 0;
	PROMISE(done || err.kind == ERROR_POLICY);
	if (done) {
		reading_make(ret, text.data, text.length);
		PROMISE(ret->result == 0 &&
			ret->policy.mode == (policy && policy->mode == MODE_NONE
						     ? MODE_NONE
						     : MODE_RESTRICTED));
	}
	buf_release(&text);
	return done;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const char *text = (const char *)bytes;
	const char *end =
		length ? memmem(text, length, separator, strlen(separator)) : NULL;
	struct refusal *rows = calloc(ROWS_MAX, sizeof(*rows));
	struct reading given, once, twice;
	size_t used = end ? (size_t)(end - text) + strlen(separator) : length, count;

	PROMISE(rows);
	reading_make(&given, end ? text : "", end ? (size_t)(end - text) : 0);
	count = read_rows(text + used, length - used, given.arena, rows);
	if (suggest(given.result == 0 ? &given.policy : NULL, rows, count, given.arena,
		    &once)) {
		if (suggest(&once.policy, rows, count, once.arena, &twice)) {
			/* Wildcards that brought the guard make types count. */
			PROMISE(twice.allows == once.allows ||
				(count % 2 && given.policy.dns != STANCE_GUARDED));
			reading_release(&twice);
		}
		reading_release(&once);
	}
	reading_release(&given);
	free(rows);
	return 0;
}
