#include "entrypoint/capabilities.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/capability.h>

uint64_t capability_bit(unsigned int capability)
{
	return UINT64_C(1) << capability;
}

static bool is_held(cap_t caps, enum capability_set set, cap_value_t capability)
{
	static const cap_flag_t flags[] = {
		[CAPABILITIES_EFFECTIVE] = CAP_EFFECTIVE,
		[CAPABILITIES_PERMITTED] = CAP_PERMITTED,
		[CAPABILITIES_INHERITABLE] = CAP_INHERITABLE,
	};
	cap_flag_value_t value = CAP_SET;

	if (set == CAPABILITIES_BOUNDING)
		return cap_get_bound(capability) != 0;
	if (set == CAPABILITIES_AMBIENT)
		return cap_get_ambient(capability) != 0;
	return cap_get_flag(caps, capability, flags[set], &value) < 0 || value == CAP_SET;
}

/* Up to the first number that the kernel does not know: there may be more than our headers
 * name. */
uint64_t capabilities_read(enum capability_set set)
{
	cap_t caps = cap_get_proc();
	uint64_t held = 0;

	if (!caps || cap_get_bound(0) < 0)
		held = UINT64_MAX;
	for (cap_value_t cap = 0; caps && cap < 64 && cap_get_bound(cap) >= 0; cap++)
		if (is_held(caps, set, cap))
			held |= capability_bit((unsigned int)cap);
	cap_free(caps);
	return held;
}

int capabilities_bound(uint64_t keep)
{
	for (cap_value_t cap = 0; cap < 64 && cap_get_bound(cap) >= 0; cap++)
		if (!(keep & capability_bit((unsigned int)cap)) &&
		    cap_get_bound(cap) == 1 && cap_drop_bound(cap) < 0)
			return -1;
	return 0;
}

static int fill(cap_t caps, uint64_t keep)
{
	for (cap_value_t cap = 0; cap < 64; cap++)
		if ((keep & capability_bit((unsigned int)cap)) &&
		    (cap_set_flag(caps, CAP_EFFECTIVE, 1, &cap, CAP_SET) < 0 ||
		     cap_set_flag(caps, CAP_PERMITTED, 1, &cap, CAP_SET) < 0))
			return -1;
	return 0;
}

int capabilities_keep(uint64_t keep)
{
	cap_t caps = cap_init();
	int result, saved;

	if (!caps)
		return -1;
	result = fill(caps, keep) < 0 ? -1 : cap_set_proc(caps);
	saved = errno;
	cap_free(caps);
	errno = saved;
	return result < 0 ? -1 : cap_reset_ambient();
}

int capabilities_clear(void)
{
	return capabilities_keep(0);
}
