#pragma once

#include "lib/macros.h"

/* Everything said goes to stderr, one line per event, "netpale: " in front. Quoted text must
 * have been escaped before. */

enum log_level {
	LOG_QUIET, /* -q: errors only */
	LOG_NORMAL,
	LOG_VERBOSE, /* -v */
};

void log_set_level(enum log_level level);
/* From now on a line that would have to wait for who reads stderr is lost. */
void log_never_wait(void);

void log_error(const char *format, ...) PRINTF(1, 2);
void log_warning(const char *format, ...) PRINTF(1, 2); /* "netpale: warning: ..." */
void log_info(const char *format, ...) PRINTF(1, 2);
void log_verbose(const char *format, ...) PRINTF(1, 2);
