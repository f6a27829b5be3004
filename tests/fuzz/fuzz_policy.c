#include <string.h>

#include "lib/buf.h"
#include "lib/policy.h"
#include "tests/fuzz/fuzz.h"

/* A policy text, as profile and as project: no crash, faults and result agree, and what is
 * printed is accepted again. */

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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct reading profile, project, again;
	struct buf text = { 0 };

	reading_make(&project, LAYER_PROJECT, (const char *)bytes, length);
	reading_release(&project);
	reading_make(&profile, LAYER_PROFILE, (const char *)bytes, length);
	if (profile.result == 0) {
		policy_print(&profile.policy, &text);
		reading_make(&again, LAYER_PROFILE, text.data, text.length);
		PROMISE(again.result == 0 && again.policy.mode == profile.policy.mode);
		reading_release(&again);
	}
	reading_release(&profile);
	buf_release(&text);
	return 0;
}
