#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "lib/macros.h"

/* Everything said goes to stderr, one line per event, "netpale: " in front. Quoted text must
 * have been escaped before. With --json a line is an object:
 *
 *	{"version":1,"level":"error"|"warning"|"info","text":"..."} */

enum log_level {
	LOG_QUIET, /* -q: errors only */
	LOG_NORMAL,
	LOG_VERBOSE, /* -v */
};

void log_set_level(enum log_level wanted);
void log_set_json(void);
bool log_is_json(void);
/* From now on a line that would have to wait for who reads stderr is lost, and no progress is
 * shown: the terminal is the agent's. */
void log_never_wait(void);
/* For log_never_wait(), by who may not open stderr any more by then. */
void log_open_own(void);

void log_error(const char *format, ...) PRINTF(1, 2);
void log_warning(const char *format, ...) PRINTF(1, 2); /* "netpale: warning: ..." */
void log_info(const char *format, ...) PRINTF(1, 2);
void log_verbose(const char *format, ...) PRINTF(1, 2);

/* log_info() whose object has these fields, too, in front of its text. Taken over; NULL: none. */
void log_event(json_t *fields, const char *format, ...) PRINTF(2, 3);
/* The same of what an option of its own asks for: -q does not mean it. */
void log_asked(json_t *fields, const char *format, ...) PRINTF(2, 3);

/* A line that the next one takes the place of, for people on a terminal alone; and its end. */
void log_progress(const char *format, ...) PRINTF(1, 2);
void log_progress_end(void);
