#pragma once

#include <stddef.h>

#include "lib/error.h"
#include "lib/findings.h"
#include "lib/macros.h"

/* What other tables of the network namespace do to packets that the fence decides about. An accept
 * elsewhere does not overrule the fence's drop; but whoever rewrites a packet before decides what the
 * fence sees, and whoever rewrites one after it decides where it goes all the same. So every base
 * chain with rules that do more than count, log or drop is told, those that they jump to included.
 *
 * Not told: what Docker puts there for its resolver (rules that match 127.0.0.11 and rewrite to
 * nothing else), and accepts behind the fence. A Docker engine inside the fence adds tables that
 * rewrite: they are told, though the fence's chain `forward` decides about what they forward.
 *
 * `dump`: netlink messages of the GETCHAIN, GETSET and GETRULE dumps of all families; those of inet netpale are
 * skipped. Pure. -1 only for want of memory and for messages that cannot be read at all. */
int neighbours_find(const void *dump, size_t length, struct findings *findings,
		    struct error *err) MUST_CHECK;

/* One finding: what (a bit's place in enum rule_effect) some rules do, where and when; `text` is the
 * first of `count`. */
void neighbours_tell(struct findings *findings, size_t what, const char *where,
		     const char *place, const char *text, size_t count);
