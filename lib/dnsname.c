#include "lib/dnsname.h"

#include <stdbool.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The byte that the text goes on with; -1 when that is none. */
static int take_byte(const char **text)
{
	const char *at = *text;
	int byte;

	if (at[0] != '\\' || !is_digit(at[1])) {
		at += at[0] == '\\';
		*text = at + 1;
		return *at ? (unsigned char)*at : -1;
	}
	if (!is_digit(at[2]) || !is_digit(at[3]))
		return -1;
	*text = at + 4;
	byte = (at[1] - '0') * 100 + (at[2] - '0') * 10 + (at[3] - '0');
	return byte <= UINT8_MAX ? byte : -1;
}

/* One label, behind room for its length. Returns that; 0: it is empty or none. */
static size_t take_label(const char **text, uint8_t *out, size_t room)
{
	size_t length = 0;

	while (**text && **text != '.') {
		int byte = take_byte(text);

		if (byte < 0 || length == DNSNAME_LABEL_MAX || 1 + length == room)
			return 0;
		out[1 + length++] = (uint8_t)byte;
	}
	return length;
}

size_t dnsname_wire(const char *text, uint8_t out[static DNSNAME_MAX])
{
	size_t at = 0;

	while (*text) {
		/* The last byte is the root's. */
		size_t length = at + 1 < DNSNAME_MAX ? take_label(&text, out + at,
								  DNSNAME_MAX - 1 - at)
						     : 0;

		if (length == 0)
			return 0;
		out[at] = (uint8_t)length;
		at += 1 + length;
		text += *text == '.';
	}
	out[at] = 0;
	return at + 1;
}
