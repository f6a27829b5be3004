#include "lib/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Large enough that a policy of 100,000 lines takes a few hundred blocks, small enough that
 * one of ten lines costs one page fault or two. */
#define BLOCK_BYTES (64u * 1024u)

struct block {
	struct block *next;
	size_t used, size; /* free: between them, texts are behind */
	alignas(max_align_t) unsigned char bytes[];
};

struct arena {
	struct block *blocks;
	size_t held, limit;
	bool full; /* the limit was reached */
};

struct arena *arena_new(size_t limit)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (arena)
		arena->limit = limit;
	return arena;
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	while (arena->blocks) {
		struct block *block = arena->blocks;

		arena->blocks = block->next;
		free(block);
	}
	free(arena);
}

bool arena_is_full(const struct arena *arena)
{
	return arena->full;
}

static struct block *arena_add_block(struct arena *arena, size_t size)
{
	size_t bytes = size > BLOCK_BYTES ? size : BLOCK_BYTES;
	struct block *block;

	if (arena->limit &&
	    (bytes > arena->limit || arena->held > arena->limit - bytes)) {
		arena->full = true;
		return NULL;
	}
	block = calloc(1, sizeof(*block) + bytes);
	if (!block)
		return NULL;
	block->size = bytes;
	block->next = arena->blocks;
	arena->blocks = block;
	arena->held += bytes;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct block *block = arena->blocks;
	void *memory;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!block || block->size - block->used < size)
		block = arena_add_block(arena, size);
	if (!block)
		return NULL;
	memory = block->bytes + block->used;
	block->used += size;
	return memory;
}

/* From the block's end, because nothing aligns a text: half of what short names take. */
static char *alloc_text(struct arena *arena, size_t size)
{
	struct block *block = arena->blocks;

	if (size > SIZE_MAX / 2)
		return NULL;
	if (!block || block->size - block->used < size)
		block = arena_add_block(arena, size);
	if (!block)
		return NULL;
	block->size -= size;
	return (char *)block->bytes + block->size;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy = alloc_text(arena, length + 1);

	if (copy)
		memcpy(copy, text, length);
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		return NULL;

	text = alloc_text(arena, (size_t)length + 1);
	if (!text)
		return NULL;
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	return text;
}

bool array_grow(void *array, size_t *capacity, size_t count, size_t size)
{
	void **slot = array;
	size_t wanted;
	void *moved;

	if (count < *capacity)
		return true;
	wanted = *capacity ? *capacity + *capacity / 2 + 1 : 16;
	if (wanted > SIZE_MAX / size)
		return false;
	moved = realloc(*slot, wanted * size);
	if (!moved)
		return false;
	*slot = moved;
	*capacity = wanted;
	return true;
}
