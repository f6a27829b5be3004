#pragma once

#include "entrypoint/launch.h"

/* PID 1 of the container, behind launch(). Privilege is gone already: this process has the
 * agent's uid, no capability, and lets nobody trace it. */

/* Starts the agent and stays until it ends: its status, or -1 when it could not be started. */
int init_run(char *const argv[], const struct launch_signals *signals, struct error *err)
	MUST_CHECK;
