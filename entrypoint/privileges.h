#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "entrypoint/user.h"
#include "lib/addr.h"
#include "lib/error.h"

/* Giving up privilege in named stages (DESIGN §5): each only takes away, none can be undone,
 * and at the end what is left is read back and tried (entrypoint/proof.h). A failure at any
 * stage means that the agent must not be started. */

/* What the process needs for what it is about to do; what is missing is named with the docker option
 * that gives it (ERROR_PRIVILEGE, 77). To raise a fence: uid 0 and NET_ADMIN. To drop: what
 * privileges_drop() takes as root; whoever is not root has nothing to give up and needs nothing. To
 * guard: the same for its workers, and to signal whoever has another uid. */
enum privileges_use {
	PRIVILEGES_FENCE = 1 << 0,
	PRIVILEGES_DROP = 1 << 1,
	PRIVILEGES_GUARD = 1 << 2,
};
int privileges_require(unsigned int uses, struct error *err) MUST_CHECK;

/* For --allow-sudo: what decides the next start must be out of reach of the root that sudo
 * makes. Each path (the binary, the policy) must lie on a read-only mount, and we must have been
 * started by a path, not by a name that PATH may find elsewhere. ERROR_PRIVILEGE. */
int privileges_require_out_of_reach(const char *const *paths, size_t count,
				    struct error *err) MUST_CHECK;

struct drop {
	const struct user *user;
	bool sudo; /* --allow-sudo: NNP off, no seccomp, the reduced bounding set */
	bool fenced; /* false: mode full without a fence; nothing is proven about nftables */
	bool keep_report; /* DROP_REPORT stays open: it closes at exec */
	/* These, too: all of them close at exec, and none gives more than it was opened for. Netlink asks
	 * what its sender may, besides who opened it. */
	const int *kept;
	size_t kept_count;
};
#define DROP_REPORT 3

/* All stages and the proof, for `run` and for `exec` started with privilege. When the process
 * is not root (exec by the agent's own user), only what is possible is taken away: NNP,
 * seccomp; then the same proof. Afterwards only 0, 1 and 2 (and DROP_REPORT, and drop->kept) are open. */
int privileges_drop(const struct drop *drop, struct error *err) MUST_CHECK;

/* What the guard keeps: NET_ADMIN for the fence; KILL for signals to the agent; SETUID and SETGID to
 * start workers of another uid and to read a project with the agent's eyes. Everything else goes for
 * good, nobody can trace it, and the result is read back. Uid 0 stays, without what made it root. */
int privileges_keep_guard(struct error *err) MUST_CHECK;

/* The canary: after the drop, a UDP datagram to each address (NULL: none to try) must fail
 * with EPERM, or there must be no route. ERROR_PROOF otherwise. Nothing leaves when the fence
 * holds. */
int privileges_prove_closed(const struct addr *refused4, const struct addr *refused6,
			    struct error *err) MUST_CHECK;

/* What is within reach of whoever enters by `docker exec`, or becomes root by a setuid program: bits
 * of PRIVILEGES_REACH_*. Nothing under no-new-privileges. Speaks of the process as it is. */
#define PRIVILEGES_REACH_ADMIN 1u
#define PRIVILEGES_REACH_RAW 2u
unsigned int privileges_in_reach(void);

/* The same in words, for the start line (DESIGN §5); NULL: nothing. Ask before the drop. */
const char *privileges_still_open(void);
