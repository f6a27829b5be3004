#pragma once

#include <stddef.h>

#include "lib/error.h"
#include "lib/packet.h"

/* The kernel's packet log of this network namespace, group RULESET_LOG_GROUP. Binding to the group
 * needs NET_ADMIN, reading from the socket nothing: open first, then give up privilege. One process
 * may have a group. */

struct nflog;

/* 1: not to be had, err says why (another netpale reads it, the kernel has no nfnetlink_log); the fence
 * does not depend on it. The socket is close-on-exec and never blocks. */
int nflog_open(struct nflog **ret, struct error *err) MUST_CHECK;
void nflog_free(struct nflog *nflog);
DEFINE_FREEP(nflog)

int nflog_fd(const struct nflog *nflog);

/* The next packet that lies there; valid until the next call. False: none now, or enough for this turn
 * (NFLOG_TURN): the caller has other work, too. Packets that the socket had no room for are only
 * counted. */
#define NFLOG_TURN 256u
bool nflog_next(struct nflog *nflog, struct packet *ret);
uint64_t nflog_lost(const struct nflog *nflog);
