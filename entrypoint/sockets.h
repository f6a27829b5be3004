#pragma once

#include <stddef.h>
#include <stdint.h>

#include "entrypoint/forwarder.h"
#include "lib/error.h"

/* The sockets that a forwarder serves and asks with. It may make none itself, so the guard does, with
 * the mark that tells netpale's questions from the agent's. */

#define SOCKETS_LISTENING 4
#define SOCKETS_POOL (2 * (FORWARDER_SOCKETS + FORWARDER_STREAMS))
#define SOCKETS_MAX (SOCKETS_LISTENING + SOCKETS_POOL)

/* Where questions come in: UDP and TCP on 127.0.0.1 and, where there is one, ::1, all on one port.
 * They outlive the forwarder, so that nobody else can take the port. */
struct sockets {
	int listening[SOCKETS_LISTENING];
	size_t count;
	uint16_t port;
};

/* On RULESET_FORWARDER_PORT, or when that is taken on another that the kernel chooses. */
int sockets_listen(struct sockets *ret, struct error *err) MUST_CHECK;
void sockets_close(struct sockets *sockets);

/* Marked sockets for upstreams, a fresh set for each forwarder. Needs NET_ADMIN. The caller closes
 * them. */
int sockets_make_pool(int fds[static SOCKETS_POOL], size_t *ret_count, struct error *err)
	MUST_CHECK;
void sockets_close_all(const int *fds, size_t count);
