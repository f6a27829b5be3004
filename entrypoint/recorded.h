#pragma once

#include <stdint.h>

#include "lib/arena.h"
#include "lib/counts.h"
#include "lib/refusal_list.h"

/* What was refused, as whoever asks may know it: the record, readable by all, and the kernel's
 * counters, which NET_ADMIN reads. */

struct recorded {
	struct arena *arena;
	struct refusal_list list;
};

/* Since then. 1: nothing is recorded here, err says why. */
int recorded_read(int64_t since, struct recorded *ret, struct error *err) MUST_CHECK;
void recorded_release(struct recorded *recorded);

/* 1: not ours to read, or not to be had; err says why. */
int recorded_counts(struct counts *ret, struct error *err) MUST_CHECK;
