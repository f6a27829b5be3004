#pragma once

#include <linux/securebits.h>
#include <stdint.h>

/* Capability sets as bit masks, asked of the kernel by system call: /proc may be missing. */

enum capability_set {
	CAPABILITIES_EFFECTIVE,
	CAPABILITIES_PERMITTED,
	CAPABILITIES_INHERITABLE,
	CAPABILITIES_BOUNDING,
	CAPABILITIES_AMBIENT,
};

/* No privilege comes from uid 0, none is kept or raised, and none of this can be undone. */
#define CAPABILITIES_SECUREBITS                                                          \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |                 \
	 SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |                       \
	 SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

uint64_t capability_bit(unsigned int capability);

/* What the kernel does not answer counts as held: whoever looks for what is left must not
 * overlook it, and whoever needs it is refused a moment later. */
uint64_t capabilities_read(enum capability_set set);

/* 0, or -1 with errno. */
int capabilities_bound(uint64_t keep); /* the bounding set keeps at most `keep` */
int capabilities_keep(
	uint64_t keep);       /* effective and permitted; the others are emptied */
int capabilities_clear(void); /* effective, permitted, inheritable, ambient */
