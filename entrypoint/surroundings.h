#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "entrypoint/user.h"
#include "lib/error.h"

/* What the container was started with that no fence can make good: one refusal, two warnings. */

/* ERROR_PRIVILEGE when this is the host's own network namespace, where the fence would shut the
 * host in, unless `allowed` (--allow-host-network). */
int surroundings_refuse_host_network(bool allowed, struct error *err) MUST_CHECK;

/* A container engine's socket is mounted: its path, NULL when there is none. */
const char *surroundings_engine_socket(void);

/* The working directory is not the agent's to write: false and a sentence in `text`. */
bool surroundings_directory_fits(const struct user *user, char *text, size_t size);
