#pragma once

#include <signal.h>

#include "entrypoint/user.h"
#include "lib/error.h"

/* Starting the agent, after the drop. As PID 1 netpale stays as the init that Docker lacks:
 * it forwards signals, reaps, passes the terminal, and exits with the agent's status; otherwise
 * it execs and nothing of netpale stays in memory. */

/* What the agent gets back. */
struct launch_signals {
	sigset_t mask;
	sigset_t ignored;
};

/* First of what run and exec do: remembers mask and dispositions, makes sure that 0, 1 and 2 are open.
 * As PID 1 every signal is blocked from here on: the kernel would discard what has no handler,
 * so a `docker stop` during the start would be lost. */
void launch_prepare(struct launch_signals *ret);

/* Sets HOME, USER, LOGNAME, SHELL for `user` in the environment (user->name NULL: USER and
 * LOGNAME are unset). */
int launch_environment(const struct user *user, struct error *err) MUST_CHECK;

/* agent->argv[0] is searched in PATH. Returns only on failure (-1: ERROR_NOT_FOUND,
 * ERROR_NOT_EXECUTABLE, ...) or, as PID 1, the status to exit with (0-255, 128+n when a signal ended
 * the agent, or netpale before the agent began). */
struct agent;
int launch(const struct agent *agent, struct error *err) MUST_CHECK;

/* launch() when not PID 1, and the child when it is: restores the signals and execs. */
int launch_exec(char *const argv[], const struct launch_signals *signals,
		struct error *err) MUST_CHECK;
