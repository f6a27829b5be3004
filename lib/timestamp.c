#include "lib/timestamp.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define EPOCH_DAY 719468 /* 1970-01-01, from 0000-03-01 */

/* The Gregorian calendar repeats every 400 years; a year that begins in March has its leap day at
 * the end, and then a month's first day is a straight line. */
#define ERA_DAYS 146097

struct date {
	int64_t year;
	int month, day; /* from 1 */
};

static struct date date_of(int64_t days)
{
	int64_t from_march = days + EPOCH_DAY, era = from_march / ERA_DAYS;
	int64_t of_era = from_march % ERA_DAYS;
	int64_t year =
		(of_era - of_era / 1460 + of_era / 36524 - of_era / (ERA_DAYS - 1)) / 365;
	int of_year = (int)(of_era - (365 * year + year / 4 - year / 100));
	int month = (5 * of_year + 2) / 153; /* March is 0 */

	return (struct date){
		.year = era * 400 + year + (month >= 10),
		.month = month < 10 ? month + 3 : month - 9,
		.day = of_year - (153 * month + 2) / 5 + 1,
	};
}

/* Of a year from 1970 on. */
static int64_t days_of(const struct date *date)
{
	int64_t year = date->year - (date->month <= 2), era = year / 400;
	int64_t of_era = year % 400;
	int month = date->month > 2 ? date->month - 3 : date->month + 9;
	int of_year = (153 * month + 2) / 5 + date->day - 1;

	return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
	       EPOCH_DAY;
}

char *timestamp_format(int64_t time, char out[static TIMESTAMP_TEXT])
{
	struct date date;
	unsigned rest;

	if (time < 0)
		time = 0;
	if (time > TIMESTAMP_MAX)
		time = TIMESTAMP_MAX;
	date = date_of(time / DAY_MS);
	rest = (unsigned)(time % DAY_MS);
	snprintf(out, TIMESTAMP_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
		 (unsigned)date.year % 10000, (unsigned)date.month % 100,
		 (unsigned)date.day % 100, rest / 3600000 % 24, rest / 60000 % 60,
		 rest / 1000 % 60, rest % 1000);
	return out;
}

static int digits(const char *text, size_t at, size_t count)
{
	int value = 0;

	for (size_t i = at; i < at + count; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}

bool timestamp_parse(const char *text, size_t length, int64_t *ret)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
	struct date date, again;
	int hour, minute, second, thousandth;

	if (length != TIMESTAMP_TEXT - 1)
		return false;
	for (size_t i = 0; i < length; i++)
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	date = (struct date){ digits(text, 0, 4), digits(text, 5, 2),
			      digits(text, 8, 2) };
	hour = digits(text, 11, 2);
	minute = digits(text, 14, 2);
	second = digits(text, 17, 2);
	thousandth = digits(text, 20, 3);
	if (date.year < 1970 || date.month < 1 || date.month > 12 || hour > 23 ||
	    minute > 59 || second > 59)
		return false;
	again = date_of(days_of(&date));
	if (again.month != date.month || again.day != date.day)
		return false;
	*ret = days_of(&date) * DAY_MS +
	       ((hour * 60 + minute) * 60 + second) * INT64_C(1000) + thousandth;
	return true;
}
