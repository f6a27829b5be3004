#include "lib/origin.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"

/* What a line number and its colon, a leading "..." and the terminator take of ORIGIN_TEXT. */
#define NUMBER_TEXT 24

/* A long path is cut in front: its end is what people recognise. */
static const char *path_tail(const char *path, size_t room)
{
	char shown[8];
	const char *tail = path + strlen(path);

	while (tail > path) {
		size_t needed = strlen(escape(shown, sizeof(shown), tail - 1, 1));

		if (needed > room)
			break;
		room -= needed;
		tail--;
	}
	return tail;
}

char *origin_format(const struct origin *origin, char out[static ORIGIN_TEXT])
{
	const char *source = origin->source ? origin->source : "";
	const char *tail = path_tail(source, ORIGIN_TEXT - 2 * NUMBER_TEXT);
	char shown[ORIGIN_TEXT - NUMBER_TEXT];

	escape(shown, sizeof(shown), tail, strlen(tail));
	if (origin->line)
		snprintf(out, ORIGIN_TEXT, "%s%s:%u", tail > source ? "..." : "", shown,
			 origin->line);
	else
		snprintf(out, ORIGIN_TEXT, "%s%s", tail > source ? "..." : "", shown);
	return out;
}

/* Warnings must not use up the room of errors, nor the other way round. */
static bool has_room(const struct notes *notes, enum note_level level)
{
	size_t kept_errors = notes->errors < NOTES_MAX ? notes->errors : NOTES_MAX;

	if (level == NOTE_ERROR)
		return notes->errors < NOTES_MAX;
	return notes->count - kept_errors < NOTES_MAX;
}

static PRINTF(2, 0) const char *format_text(struct notes *notes, const char *format,
					    va_list args)
{
	char text[1024];

	if (!notes->arena)
		notes->arena = arena_new(0);
	if (!notes->arena)
		return NULL;
	vsnprintf(text, sizeof(text), format, args);
	return arena_strndup(notes->arena, text, strlen(text));
}

void notes_add(struct notes *notes, enum note_level level, const struct origin *at,
	       const char *format, ...)
{
	bool kept = has_room(notes, level);
	const char *text;
	va_list args;

	if (level == NOTE_ERROR)
		notes->errors++;
	if (!kept)
		return;
	va_start(args, format);
	text = format_text(notes, format, args);
	va_end(args);
	if (!text ||
	    !array_grow(&notes->v, &notes->capacity, notes->count, sizeof(*notes->v))) {
		notes->out_of_memory = true;
		return;
	}
	notes->v[notes->count++] = (struct note){ level, *at, text };
}

void notes_release(struct notes *notes)
{
	arena_free(notes->arena);
	free(notes->v);
	*notes = (struct notes){ 0 };
}

void note_print(const struct note *note, struct buf *out)
{
	char at[ORIGIN_TEXT];

	buf_puts(out, origin_format(&note->at, at));
	if (note->at.line && note->at.column)
		buf_printf(out, ":%u", note->at.column);
	buf_printf(out, ": %s", note->text);
}
