#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "entrypoint/user.h"
#include "lib/resolved.h"

/* Who asks DNS, while the socket of the question still exists: its user from the kernel's list of
 * sockets, its program from /proc. What a refused packet leaves behind tells neither any more.
 *
 * Done by the guard itself, not by a helper: nothing that is read here can be made to wait by the
 * agent. Links in /proc/PID/fd are made of names that the kernel holds, no file system is asked (a
 * FUSE file's, too); `comm` is a field of the kernel. `cmdline` would be read from the process's
 * memory, which can wait for a file: it is left alone. What the agent can make is many of both, so
 * time and number are bounded, and then the program is not known. */

#define ASKER_MS 5            /* of processor time */
#define ASKER_PROCESSES 1024u /* the newest */
#define ASKER_FDS 4096u       /* of all of them together */

/* The socket in this network namespace that has local port `port`, TCP (`stream`) or UDP, and asks
 * port 53, or is not connected. `agent`: whose processes are looked through, with his eyes; NULL:
 * nobody's, the user alone is told. `last`: the process that was found the last time, 0 with none.
 * Fills all of *ret but time. */
void asker_find(uint16_t port, bool stream, const struct user *agent, pid_t *last,
		struct asker *ret);
