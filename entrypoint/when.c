#include "entrypoint/when.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/timestamp.h"

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

/* Takes `count` digits, behind `before` where that is not 0. glibc's strptime() would do, but brings
 * every locale's calendar into the binary. */
static bool take(const char **at, char before, int count, int *ret)
{
	const char *digit = *at;
	int value = 0;

	if (before && *digit++ != before)
		return false;
	for (int i = 0; i < count; i++, digit++) {
		if (*digit < '0' || *digit > '9')
			return false;
		value = 10 * value + (*digit - '0');
	}
	*at = digit;
	*ret = value;
	return true;
}

static bool take_date(const char **at, struct tm *parts)
{
	if (!take(at, 0, 4, &parts->tm_year) || !take(at, '-', 2, &parts->tm_mon) ||
	    !take(at, '-', 2, &parts->tm_mday))
		return false;
	parts->tm_year -= 1900;
	parts->tm_mon--;
	return true;
}

/* "16:43", "16:43:27", "16:43:27.120". */
static bool take_clock(const char **at, struct tm *parts)
{
	if (!take(at, 0, 2, &parts->tm_hour) || !take(at, ':', 2, &parts->tm_min))
		return false;
	if (take(at, ':', 2, &parts->tm_sec) && **at == '.' && (*at)[1] >= '0' &&
	    (*at)[1] <= '9')
		*at += 1 + strspn(*at + 1, "0123456789");
	return true;
}

/* False: there is no such day, or no such time of day. */
static bool to_seconds(const struct tm *parts, bool utc, time_t *ret)
{
	struct tm asked = *parts, told;

	*ret = utc ? timegm(&asked) : mktime(&asked);
	if (!(utc ? gmtime_r(ret, &told) : localtime_r(ret, &told)))
		return false;
	return told.tm_mday == parts->tm_mday && told.tm_mon == parts->tm_mon &&
	       parts->tm_hour < 24 && parts->tm_min < 60 && parts->tm_sec < 60;
}

static bool parse_time(const char *text, int64_t now, int64_t *ret)
{
	time_t seconds = (time_t)(now / 1000);
	struct tm parts = { .tm_isdst = -1 }, today;
	const char *at = text;
	bool dated = take_date(&at, &parts), utc;

	if (!dated) {
		if (!localtime_r(&seconds, &today))
			return false;
		parts = (struct tm){ .tm_year = today.tm_year,
				     .tm_mon = today.tm_mon,
				     .tm_mday = today.tm_mday,
				     .tm_isdst = -1 };
		at = text;
	} else if (*at == 'T' || *at == ' ') {
		at++;
		dated = false;
	}
	if (!dated && !take_clock(&at, &parts))
		return false;
	utc = *at == 'Z';
	if (at[utc] || !to_seconds(&parts, utc, &seconds))
		return false;
	*ret = (int64_t)seconds * 1000;
	return true;
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

int64_t when_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

char *when_format(int64_t time, char out[static WHEN_TEXT])
{
	time_t seconds = (time_t)(time / 1000);
	char iso[TIMESTAMP_TEXT];
	struct tm parts;

	/* As it would be written in UTC, were that the own zone. */
	if (localtime_r(&seconds, &parts))
		seconds = timegm(&parts);
	timestamp_format((int64_t)seconds * 1000, iso);
	snprintf(out, WHEN_TEXT, "%.10s %.8s", iso, iso + 11);
	return out;
}
