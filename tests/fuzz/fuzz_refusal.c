#include <string.h>

#include "lib/buf.h"
#include "lib/refusal.h"
#include "tests/fuzz/fuzz.h"

/* A line of refused.jsonl, which somebody else may have written: what is understood says nothing that
 * is not plain, and prints to a line that says the same. */

static void check_text(const char *text)
{
	PROMISE(!text || (*text && text_is_plain(text, strlen(text))));
}

static void check(const struct refusal *refusal)
{
	char target[REFUSAL_TARGET];

	PROMISE(refusal->reason < REFUSAL_REASONS);
	PROMISE(refusal->count > 0);
	PROMISE(refusal->name_count <= REFUSAL_NAMES);
	for (size_t i = 0; i < refusal->name_count; i++)
		check_text(refusal->names[i]);
	PROMISE(memchr(refusal->program, '\0', REFUSAL_PROGRAM));
	PROMISE(text_is_plain(refusal->program, strlen(refusal->program)));
	check_text(refusal->allow);
	check_text(refusal->rule);
	check_text(refusal_target(refusal, target));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const char *line = length ? (const char *)bytes : "";
	struct arena *arena = arena_new(0);
	struct refusal refusal, again;
	char printed[REFUSAL_LINE];
	uint64_t lost;
	int64_t time;

	PROMISE(arena);
	if (refusal_parse_json(line, length, arena, &refusal)) {
		size_t room = refusal_print_json(&refusal, printed);

		check(&refusal);
		PROMISE(room > 0 && room < REFUSAL_LINE);
		PROMISE(refusal_parse_json(printed, room, arena, &again));
		PROMISE(refusal_same(&refusal, &again));
		PROMISE(refusal.time == again.time && refusal.count == again.count);
	}
	if (refusal_parse_lost(line, length, &time, &lost))
		PROMISE(lost > 0);
	arena_free(arena);
	return 0;
}
