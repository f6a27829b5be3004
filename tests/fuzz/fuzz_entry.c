#include <string.h>

#include "lib/buf.h"
#include "lib/entry.h"
#include "lib/layer.h"
#include "lib/macros.h"
#include "tests/fuzz/fuzz.h"

/* One entry: what is accepted prints to a text that is the same entry again, and as an item of a list
 * in a policy it is that entry, too. */

static void check_same(const struct entry *entry, const struct entry *again)
{
	PROMISE(again->kind == entry->kind && again->port_count == entry->port_count);
	PROMISE(entry->port_count == 0 ||
		memcmp(again->ports, entry->ports,
		       entry->port_count * sizeof(*entry->ports)) == 0);
	if (entry->kind == ENTRY_PREFIX)
		PROMISE(addr_compare(&again->prefix.base, &entry->prefix.base) == 0 &&
			again->prefix.length == entry->prefix.length);
	else
		PROMISE(strcmp(again->host, entry->host) == 0);
}

static void check_ports(const struct entry *entry)
{
	for (size_t i = 0; i < entry->port_count; i++) {
		const struct port_range *range = &entry->ports[i];

		PROMISE(range->first <= range->last && range->last < PORTSET_OTHER);
		PROMISE(range->first % PORTSET_UDP != 0);
		PROMISE(i == 0 || range[-1].last + 1 < range->first);
	}
}

/* In a policy, where a wildcard may need its quotes and several ports a map. */
static void read_as_item(struct arena *arena, const struct entry *entry)
{
	struct buf item CLEANUP(buf_release) = { 0 }, text CLEANUP(buf_release) = { 0 };
	struct notes notes CLEANUP(notes_release) = { 0 };
	struct layer layer;
	struct error err;

	entry_print_item(entry, &item);
	PROMISE(!item.failed && item.length > 0 && !strchr(item.data, '\n'));
	buf_printf(&text, "network:\n  allow:\n    - %s\n", item.data);
	layer_init(&layer, LAYER_PROFILE, "fuzz.yml");
	PROMISE(layer_parse(&layer, text.data, text.length, arena, &notes, &err) == 0);
	PROMISE(layer.count == 1);
	check_same(entry, &layer.entries[0]);
	layer_release(&layer);
}

static void print_and_parse_again(struct arena *arena, const struct entry *entry)
{
	struct buf first = { 0 }, second = { 0 };
	struct entry again;
	struct error err;

	entry_print(entry, &first);
	PROMISE(entry_parse(arena, first.data, first.length, &again, &err) == 0);
	entry_print(&again, &second);
	PROMISE(strcmp(first.data, second.data) == 0);
	check_same(entry, &again);
	buf_release(&first);
	buf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct arena *arena = arena_new(4u << 20);
	struct error err = { 0 };
	struct entry entry;

	PROMISE(arena);
	if (entry_parse(arena, (const char *)bytes, length, &entry, &err) == 0) {
		check_ports(&entry);
		print_and_parse_again(arena, &entry);
		read_as_item(arena, &entry);
	} else {
		PROMISE(err.kind == ERROR_POLICY || err.kind == ERROR_MEMORY);
	}
	arena_free(arena);
	return 0;
}
