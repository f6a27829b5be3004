#include "entrypoint/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum log_level level = LOG_NORMAL;
static bool waits = true;

void log_set_level(enum log_level wanted)
{
	level = wanted;
}

void log_never_wait(void)
{
	waits = false;
}

static bool would_wait(void)
{
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };

	return !waits && poll(&out, 1, 0) == 0;
}

/* One write per line, so that lines of several processes on one stderr never mix. */
static PRINTF(2, 0) void log_line(const char *prefix, const char *format, va_list args)
{
	char line[4096];
	int used = snprintf(line, sizeof(line), "netpale: %s", prefix);
	size_t length;

	vsnprintf(line + used, sizeof(line) - (size_t)used - 1, format, args);
	length = strlen(line);
	line[length++] = '\n';
	if (would_wait())
		return;
	(void)!write(STDERR_FILENO, line, length);
}

#define DEFINE_LOG(name, minimum, prefix)                                                \
	void name(const char *format, ...)                                               \
	{                                                                                \
		va_list args;                                                            \
                                                                                         \
		if (level < (minimum))                                                   \
			return;                                                          \
		va_start(args, format);                                                  \
		log_line(prefix, format, args);                                          \
		va_end(args);                                                            \
	}

DEFINE_LOG(log_error, LOG_QUIET, "")
DEFINE_LOG(log_warning, LOG_NORMAL, "warning: ")
DEFINE_LOG(log_info, LOG_NORMAL, "")
DEFINE_LOG(log_verbose, LOG_VERBOSE, "")
