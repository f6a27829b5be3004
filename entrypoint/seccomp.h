#pragma once

#include <seccomp.h>
#include <stdint.h>

#include "lib/error.h"

/* The system call filter of the agent and its children: what could put a packet on the wire
 * around the fence, nothing else. Needs no_new_privs. Closes also what netpale itself used:
 * netfilter's netlink. */
int seccomp_confine(struct error *err) MUST_CHECK;

/* For a filter of one's own: what every one of netpale's begins with, `otherwise` for what no rule
 * names. 0 or a negative errno, as libseccomp's calls. */
int seccomp_begin(uint32_t otherwise, scmp_filter_ctx *ret) MUST_CHECK;
/* Puts it in force, unless `result`, of filling it, is negative; and frees it. */
int seccomp_enforce(scmp_filter_ctx filter, int result, struct error *err) MUST_CHECK;
