#pragma once

#include <stdbool.h>

#include "entrypoint/launch.h"
#include "entrypoint/start.h"

/* The guard stays in front of the agent, or alone as a sidecar, and keeps the fence in step with DNS
 * and policy (DESIGN §6). It is the one holder of NET_ADMIN, and it never parses what the network
 * sends: that is the forwarder's part (forwarder.h). */

struct guard_agent {
	char *const *argv;
	const struct launch_signals *signals;
	const char *still_open; /* privileges_still_open(), asked at the start; or NULL */
};

/* Raises the fence, starts forwarder and agent (NULL: none), and follows both until the agent has
 * ended, or without one until SIGTERM or SIGINT. Takes `inputs` over. Its exit status, or -1: the
 * agent was not started. All signals must be blocked, or as launch_prepare() left them. */
int guard_run(const struct start *start, struct inputs *inputs, const struct user *user,
	      const struct guard_agent *agent, struct error *err) MUST_CHECK;
