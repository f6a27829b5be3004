#pragma once

#include "lib/error.h"

/* The system call filter of the agent and its children: what could put a packet on the wire
 * around the fence, nothing else. Needs no_new_privs. Closes also what netpale itself used:
 * netfilter's netlink. */
int seccomp_confine(struct error *err) MUST_CHECK;
