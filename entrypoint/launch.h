#pragma once

#include "entrypoint/user.h"
#include "lib/error.h"

/* Starting the agent, after the drop. As PID 1 netpale stays as the init that Docker lacks:
 * it forwards signals, reaps, passes the terminal, and exits with the agent's status; otherwise
 * it execs and nothing of netpale stays in memory. */

/* Must be called before anything else changes signals: remembers mask and dispositions that
 * the agent will get back. */
void launch_prepare(void);

/* Sets HOME, USER, LOGNAME, SHELL for `user` in the environment (user->name NULL: USER and
 * LOGNAME are unset). */
int launch_environment(const struct user *user, struct error *err) MUST_CHECK;

/* `argv` NULL-terminated, argv[0] searched in PATH. Returns only on failure (-1:
 * ERROR_NOT_FOUND, ERROR_NOT_EXECUTABLE, ...) or, as PID 1, the agent's exit status (0-255,
 * 128+n when a signal ended it). */
int launch(char *const argv[], struct error *err) MUST_CHECK;
