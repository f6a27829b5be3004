#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "entrypoint/user.h"
#include "lib/addr.h"
#include "lib/error.h"

/* What is left after the drop, asked back from the kernel and tried: the last stages of
 * privileges_drop(). Everything here fails with ERROR_PROOF. */

struct proof {
	const struct user *user;
	uint64_t bounding; /* the capabilities that may remain in the bounding set */
	bool locked;   /* groups are the user's, securebits locked: we began as root */
	bool confined; /* no_new_privs and our seccomp filter are in force */
};

/* Ids, groups, the five capability sets, securebits, no_new_privs, seccomp, no other thread. */
int proof_of_loss(const struct proof *proof, struct error *err) MUST_CHECK;

/* Adding an nftables table must be EPERM. Through a socket of its own, so before seccomp closes
 * that family. Should it be allowed, the transaction still fails and leaves nothing. */
int proof_of_closed_tables(struct error *err) MUST_CHECK;

/* One UDP datagram to `addr` must be refused by the fence, or find no route. */
int proof_of_closed_address(const struct addr *addr, struct error *err) MUST_CHECK;
