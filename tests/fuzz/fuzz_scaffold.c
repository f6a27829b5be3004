#include <ctype.h>
#include <string.h>

#include "lib/policy.h"
#include "lib/scaffold.h"
#include "tests/fuzz/fuzz.h"

/* Files, each with its name in its first line and a line "..." between two: what is written is a policy
 * that nobody has a word to say about (scaffold_print() reads it back), also when all its comments are
 * taken for entries; it is plain text; and who a URL says that the user is makes no difference to it. */

#define MEMORY (64u << 20)
static const char separator[] = "\n...\n";

static size_t find_marker(const char *name, size_t length)
{
	for (size_t i = 0; i < SCAFFOLD_MARKERS; i++)
		if (strlen(scaffold_markers[i].name) == length &&
		    memcmp(scaffold_markers[i].name, name, length) == 0)
			return i;
	return SCAFFOLD_MARKERS;
}

static void lay_out(const char *text, size_t length,
		    struct scaffold_found found[static SCAFFOLD_MARKERS])
{
	while (length) {
		const char *end = memmem(text, length, separator, strlen(separator));
		size_t size = end ? (size_t)(end - text) : length;
		const char *line = memchr(text, '\n', size);
		size_t name = line ? (size_t)(line - text) : size;
		size_t i = find_marker(text, name);

		if (i < SCAFFOLD_MARKERS) {
			found[i].there = true;
			if (line && scaffold_is_read(&scaffold_markers[i])) {
				found[i].bytes = line + 1;
				found[i].length = size - name - 1;
			}
		}
		size += end ? strlen(separator) : 0;
		text += size;
		length -= size;
	}
}

static void print(const struct scaffold_found *found, struct buf *text)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(MEMORY);
	struct error err = { 0 };

	PROMISE(arena);
	PROMISE(scaffold_print("claude", found, arena, text, &err) == 0);
	for (size_t i = 0; i < text->length; i++)
		PROMISE(text->data[i] == '\n' || isprint(text->data[i]));
}

static void check(const char *bytes, size_t length)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(MEMORY);
	struct layer layer, *layers[LAYER_COUNT] = { [LAYER_PROJECT] = &layer };
	struct notes notes = { 0 };
	struct policy policy;
	struct error err;

	layer_init(&layer, LAYER_PROJECT, "fuzz.yml");
	PROMISE(layer_parse(&layer, bytes, length, arena, &notes, &err) == 0);
	PROMISE(policy_merge(layers, arena, &notes, &policy, &err) == 0);
	PROMISE(notes.count == 0);
	layer_release(&layer);
	notes_release(&notes);
}

static void check_opened(const struct buf *text)
{
	static const char closed[] = "\n    # - ", open[] = "\n    - ";
	struct buf opened = { 0 };
	const char *at = text->data, *next;

	for (; (next = strstr(at, closed)); at = next + strlen(closed)) {
		buf_add(&opened, at, (size_t)(next - at));
		buf_puts(&opened, open);
	}
	buf_puts(&opened, at);
	check(opened.data, opened.length);
	buf_release(&opened);
}

/* Letters and digits between "://" and the last '@' of the host's part. Elsewhere they could be keys. */
static void mask(char *bytes, size_t length)
{
	char *end = bytes + length, *at = bytes;

	while ((at = memmem(at, (size_t)(end - at), "://", 3))) {
		char *last = at += 3;

		for (char *c = at; c < end && *c && !strchr("/\\?# \t\r\n\"'", *c); c++)
			if (*c == '@')
				last = c;
		for (; at < last; at++)
			if (isalnum((unsigned char)*at))
				*at = *at == 'x' ? 'y' : 'x';
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct scaffold_found found[SCAFFOLD_MARKERS] = { 0 };
	struct buf text = { 0 }, again = { 0 };
	char *copy = malloc(length + 1);

	PROMISE(copy);
	memcpy(copy, bytes, length);
	lay_out(copy, length, found);
	print(found, &text);
	check_opened(&text);
	for (size_t i = 0; i < SCAFFOLD_MARKERS; i++)
		if (found[i].bytes && !scaffold_markers[i].compose)
			mask(copy + (found[i].bytes - copy), found[i].length);
	print(found, &again);
	PROMISE(text.length == again.length &&
		memcmp(text.data, again.data, text.length) == 0);
	buf_release(&text);
	buf_release(&again);
	free(copy);
	return 0;
}
