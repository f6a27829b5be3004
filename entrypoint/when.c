#include "entrypoint/when.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/timestamp.h"

#define DIGITS "0123456789"
#define DATE 10              /* "2026-11-21" */
#define AGO_MAX 1000000000UL /* some thirty years of seconds */

static bool parse_ago(const char *text, int64_t now, int64_t *ret)
{
	static const struct {
		char letter;
		int seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || number > AGO_MAX || !*end || end[1])
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (*end != units[i].letter)
			continue;
		*ret = now - (int64_t)number * units[i].seconds * 1000;
		return true;
	}
	return false;
}

/* What is not said is that of today's midnight. Fractions of a second are read and forgotten. */
static bool parse_time(const char *text, int64_t now, int64_t *ret)
{
	char iso[TIMESTAMP_TEXT];
	const char *at = text;
	size_t length;

	timestamp_format(now, iso);
	strcpy(iso + DATE, "T00:00:00.000Z");
	if (strlen(text) >= DATE && text[4] == '-') {
		memcpy(iso, text, DATE);
		at += DATE;
		if (!*at)
			return timestamp_parse(iso, strlen(iso), ret);
		if (*at != 'T' && *at != ' ')
			return false;
		at++;
	}
	length = strspn(at, DIGITS ":");
	if (length != strlen("16:43") && length != strlen("16:43:27"))
		return false;
	memcpy(iso + DATE + 1, at, length);
	at += length;
	if (*at == '.' && length == strlen("16:43:27") && strspn(at + 1, DIGITS))
		at += 1 + strspn(at + 1, DIGITS);
	at += *at == 'Z';
	return !*at && timestamp_parse(iso, strlen(iso), ret);
}

int when_parse(const char *text, int64_t now, int64_t *ret, struct error *err)
{
	char shown[64];

	if (parse_ago(text, now, ret) || parse_time(text, now, ret))
		return 0;
	return error_set(
		err, ERROR_USAGE,
		"--since: expected so long ago (90s, 10m, 2h, 1d) or a time (16:43, "
		"2026-11-21 16:43:27), not '%s'",
		escape(shown, sizeof(shown), text, strlen(text)));
}

char *when_format(int64_t time, char out[static WHEN_TEXT])
{
	char iso[TIMESTAMP_TEXT];

	timestamp_format(time, iso);
	snprintf(out, WHEN_TEXT, "%.10s %.8s", iso, iso + DATE + 1);
	return out;
}
