#include "entrypoint/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "entrypoint/colour.h"
#include "entrypoint/fd.h"
#include "lib/json.h"

#define LINE_MAX_BYTES 4096
#define COLUMNS 80 /* of a terminal that does not say */

#define WIPE "\r\033[K"

struct severity {
	const char *name, *prefix;
	enum log_level least;
	enum colour prefix_colour, text_colour;
};

static const struct severity error_line = { "error", "", LOG_QUIET, COLOUR_NONE,
					    COLOUR_RED };
static const struct severity warning_line = { "warning", "warning:", LOG_NORMAL,
					      COLOUR_YELLOW, COLOUR_NONE };
static const struct severity info_line = { "info", "", LOG_NORMAL, COLOUR_NONE,
					   COLOUR_NONE };
static const struct severity asked_line = { "info", "", LOG_QUIET, COLOUR_NONE,
					    COLOUR_NONE };
static const struct severity verbose_line = { "info", "", LOG_VERBOSE, COLOUR_NONE,
					      COLOUR_NONE };

static enum log_level level = LOG_NORMAL;
static bool waits = true, as_json, in_progress;
static int own = -1; /* stderr, never waiting; -1: not to be had */

void log_set_level(enum log_level wanted)
{
	level = wanted;
}

void log_set_json(void)
{
	as_json = true;
	/* Else the first object would open /dev/urandom, where a filter may not let it. */
	json_object_seed(0);
}

bool log_is_json(void)
{
	return as_json;
}

void log_open_own(void)
{
	if (own < 0)
		own = fd_reopen(STDERR_FILENO);
}

void log_never_wait(void)
{
	waits = false;
	log_open_own();
}

/* Others may fill it before we write. */
static bool would_wait(void)
{
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };

	return !waits && poll(&out, 1, 0) == 0;
}

/* One write per line, so that lines of several processes on one stderr never mix. */
static void put(const char *line, size_t length)
{
	if (!waits && own >= 0)
		(void)!write(own, line, length);
	else if (!would_wait())
		(void)!write(STDERR_FILENO, line, length);
}

/* On the stack: that memory ran out must be said, too. */
static void put_text(const struct severity *severity, const char *text)
{
	char line[LINE_MAX_BYTES + 128];
	const char *begin[2] = { "", "" }, *end[2] = { "", "" };
	const enum colour colours[2] = { severity->prefix_colour, severity->text_colour };
	int length;

	for (int i = 0; i < 2; i++)
		if (colours[i] != COLOUR_NONE) {
			begin[i] = colour_for(STDERR_FILENO, colours[i]);
			if (*begin[i])
				end[i] = colour_for(STDERR_FILENO, COLOUR_NONE);
		}
	length = snprintf(line, sizeof(line), "%snetpale: %s%s%s%s%s%s%s\n",
			  in_progress ? WIPE : "", begin[0], severity->prefix, end[0],
			  *severity->prefix ? " " : "", begin[1], text, end[1]);
	in_progress = false;
	put(line, (size_t)length);
}

static void put_json(const struct severity *severity, json_t *fields, const char *text)
{
	static const char no_room[] = "{\"version\":1,\"level\":\"error\","
				      "\"text\":\"out of memory\"}\n";
	json_t *object = json_pack("{s:i, s:s}", "version", 1, "level", severity->name);
	char *line = NULL;

	if (object && (!fields || json_object_update(object, fields) == 0) &&
	    json_object_set_new(object, "text", json_string(text)) == 0)
		line = json_print(json_incref(object), JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(object);
	if (line) {
		size_t length = strlen(line);

		line[length] = '\n'; /* where the NUL was */
		put(line, length + 1);
	} else {
		put(no_room, sizeof(no_room) - 1);
	}
	free(line);
}

static PRINTF(3, 0) void say(const struct severity *severity, json_t *fields,
			     const char *format, va_list args)
{
	char text[LINE_MAX_BYTES];

	if (level < severity->least)
		return;
	vsnprintf(text, sizeof(text), format, args);
	if (as_json)
		put_json(severity, fields, text);
	else
		put_text(severity, text);
}

#define DEFINE_LOG(severity)                                                             \
	void log_##severity(const char *format, ...)                                     \
	{                                                                                \
		va_list args;                                                            \
                                                                                         \
		va_start(args, format);                                                  \
		say(&severity##_line, NULL, format, args);                               \
		va_end(args);                                                            \
	}

DEFINE_LOG(error)
DEFINE_LOG(warning)
DEFINE_LOG(info)
DEFINE_LOG(verbose)

#define DEFINE_LOG_FIELDS(name, severity)                                                \
	void log_##name(json_t *fields, const char *format, ...)                         \
	{                                                                                \
		va_list args;                                                            \
		va_start(args, format);                                                  \
		say(&severity##_line, fields, format, args);                             \
		va_end(args);                                                            \
		json_decref(fields);                                                     \
	}

DEFINE_LOG_FIELDS(event, info)
DEFINE_LOG_FIELDS(asked, asked)

/* The last column stays free: a terminal may go to the next line once it is written. */
static size_t room(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return COLUMNS - 1;
	return size.ws_col - 1u;
}

void log_progress(const char *format, ...)
{
	char text[512];
	size_t length;
	va_list args;

	if (level == LOG_QUIET || as_json || !waits || !colour_terminal(STDERR_FILENO))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	in_progress = true;
	length = room();
	if (length > sizeof("netpale: "))
		dprintf(STDERR_FILENO, WIPE "netpale: %.*s",
			(int)(length - strlen("netpale: ")), text);
}

void log_progress_end(void)
{
	if (in_progress)
		put(WIPE, strlen(WIPE));
	in_progress = false;
}
