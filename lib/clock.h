#pragma once

#include <stdint.h>
#include <time.h>

/* What time it is, in milliseconds. For entrypoint/ and the resolver: the rest of lib/ is told. */

static inline int64_t clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Only forward, to measure with. */
static inline int64_t clock_steady_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

/* Since 1970, to tell people. May be set at any time, back too. */
static inline int64_t clock_wall_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}
