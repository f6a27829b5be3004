#include <string.h>

#include "lib/buf.h"
#include "lib/entry.h"
#include "tests/fuzz/fuzz.h"

/* One entry: no crash; what is accepted prints to a text that is the same entry again. */

static void print_and_parse_again(struct arena *arena, const struct entry *entry)
{
	struct buf first = { 0 }, second = { 0 };
	struct entry again;
	struct error err;

	entry_print(entry, &first);
	PROMISE(entry_parse(arena, first.data, first.length, &again, &err) == 0);
	entry_print(&again, &second);
	PROMISE(strcmp(first.data, second.data) == 0);
	PROMISE(again.kind == entry->kind && again.port_count == entry->port_count);
	buf_clear(&second);
	entry_print_item(entry, &second);
	PROMISE(!second.failed && second.length > 0);
	buf_release(&first);
	buf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct arena *arena = arena_new(1u << 20);
	struct error err = { 0 };
	struct entry entry;

	PROMISE(arena);
	if (entry_parse(arena, (const char *)bytes, length, &entry, &err) == 0)
		print_and_parse_again(arena, &entry);
	else
		PROMISE(err.kind == ERROR_POLICY || err.kind == ERROR_MEMORY);
	arena_free(arena);
	return 0;
}
