#include "lib/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_release(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ 0 };
}

void buf_clear(struct buf *buf)
{
	buf->length = 0;
	buf->failed = false;
	if (buf->data)
		buf->data[0] = '\0';
}

void *buf_reserve(struct buf *buf, size_t length)
{
	size_t start = buf->length;

	if (buf->failed || length > SIZE_MAX / 4 - start) {
		buf->failed = true;
		return NULL;
	}
	if (start + length + 1 > buf->capacity) {
		size_t wanted = (start + length + 1) + (start + length) / 2 + 64;
		char *moved = realloc(buf->data, wanted);

		if (!moved) {
			buf->failed = true;
			return NULL;
		}
		buf->data = moved;
		buf->capacity = wanted;
	}
	buf->length += length;
	buf->data[buf->length] = '\0';
	return buf->data + start;
}

void buf_add(struct buf *buf, const void *bytes, size_t length)
{
	void *room = buf_reserve(buf, length);

	if (room && length)
		memcpy(room, bytes, length);
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	char small[512];
	va_list args;
	char *room;
	int length;

	va_start(args, format);
	length = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	if (length < 0) {
		buf->failed = true;
		return;
	}
	if ((size_t)length < sizeof(small)) {
		buf_add(buf, small, (size_t)length);
		return;
	}
	room = buf_reserve(buf, (size_t)length);
	if (!room)
		return;
	va_start(args, format);
	vsnprintf(room, (size_t)length + 1, format, args);
	va_end(args);
}

static bool is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '\\';
}

static size_t escaped_length(const char *text, size_t length)
{
	size_t needed = 0;

	for (size_t i = 0; i < length; i++)
		needed += is_plain((unsigned char)text[i]) ? 1 : 4;
	return needed;
}

char *escape(char *out, size_t size, const char *text, size_t length)
{
	static const char more[] = "...";
	size_t limit = escaped_length(text, length) < size ? size : size - strlen(more);
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];
		size_t needed = is_plain(byte) ? 1 : 4;

		if (used + needed >= limit) {
			memcpy(out + used, more, sizeof(more));
			return out;
		}
		if (is_plain(byte))
			out[used] = (char)byte;
		else
			snprintf(out + used, 5, "\\x%02x", byte);
		used += needed;
	}
	out[used] = '\0';
	return out;
}

bool text_is_plain(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	return true;
}

char *escape_unless_plain(char *out, size_t size, const char *text, size_t length)
{
	if (length >= size || !text_is_plain(text, length))
		return escape(out, size, text, length);
	memcpy(out, text, length);
	out[length] = '\0';
	return out;
}
