#pragma once

#include <stdbool.h>

#include "entrypoint/user.h"
#include "lib/addr.h"
#include "lib/error.h"

/* Giving up privilege in named stages (DESIGN §5): each only takes away, none can be undone,
 * and at the end what is left is read back and tried. A failure at any stage means that the
 * agent must not be started. */

/* What the process needs before it begins; a missing one is named with docker's option that
 * gives it (ERROR_PRIVILEGE, 77). `fence`: NET_ADMIN too. */
int privileges_require(bool fence, struct error *err) MUST_CHECK;

struct drop {
	const struct user *user;
	bool sudo;     /* --allow-sudo: NNP off, no seccomp, the reduced bounding set */
	bool fenced;   /* false: mode full without a fence; nothing is proven about nftables */
};

/* All stages and the proof, for `run` and for `exec` started with privilege. When the process
 * starts unprivileged (exec by the agent's own user), only what is possible is taken away: NNP,
 * seccomp; then the same proof. */
int privileges_drop(const struct drop *drop, struct error *err) MUST_CHECK;

/* The canary: after the drop, a UDP datagram to each address (NULL: none to try) must fail
 * with EPERM, or there must be no route. ERROR_PROOF otherwise. Nothing leaves when the fence
 * holds. */
int privileges_prove_closed(const struct addr *refused4, const struct addr *refused6,
			    struct error *err) MUST_CHECK;

/* What is still open to whoever enters by `docker exec` (DESIGN §5), in words; NULL: nothing. */
const char *privileges_still_open(void);
