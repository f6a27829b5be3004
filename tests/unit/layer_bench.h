#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/layer.h"

/* What the tests of layers share. */

#define N "network:\n  policy: restricted\n"
#define A "network:\n  allow:\n"

/* One layer and what it needs, made anew for each text. */
struct bench {
	struct arena *arena;
	struct notes notes;
	struct layer layer;
	struct error err;
	int result;
};

static inline struct bench *read_bytes(enum layer_kind kind, const char *bytes,
				       size_t length)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->arena = arena_new(48u << 20);
	assert_non_null(bench->arena);
	layer_init(&bench->layer, kind, "p.yml");
	bench->result = layer_parse(&bench->layer, bytes, length, bench->arena,
				    &bench->notes, &bench->err);
	assert_int_equal(bench->result, bench->notes.errors ? -1 : 0);
	return bench;
}

static inline struct bench *read_text(enum layer_kind kind, const char *text)
{
	return read_bytes(kind, text, strlen(text));
}

static inline void done(struct bench *bench)
{
	layer_release(&bench->layer);
	notes_release(&bench->notes);
	arena_free(bench->arena);
	free(bench);
}

static inline const char *note_text(const struct bench *bench, size_t index)
{
	static struct buf text;

	buf_clear(&text);
	if (index >= bench->notes.count)
		return "";
	note_print(&bench->notes.v[index], &text);
	return text.data;
}
