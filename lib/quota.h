#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/macros.h"

/* Limits what can be carried out of the container in names below a wildcard: whoever asks chooses
 * their text, and an upstream server reads it. Each wildcard has two buckets, one of names that were
 * never learned and one of the bytes in front of its domain; both refill with time. Pure: time is a
 * parameter. */

#define QUOTA_NAMES 200u /* at once */
#define QUOTA_NAMES_PER_MINUTE 60u
#define QUOTA_BYTES 8192u /* at once */
#define QUOTA_BYTES_PER_MINUTE 4096u

/* Wildcards that are counted apart; all others together. */
#define QUOTA_WILDCARDS 256u

struct quota;

struct quota *quota_new(void) MUST_CHECK;
void quota_free(struct quota *quota);
DEFINE_FREEP(quota)

/* One name of `bytes` below the wildcard known by `key`, at `now` (milliseconds). False, and
 * nothing is taken, when either bucket holds too little. */
bool quota_take(struct quota *quota, const void *key, size_t bytes, int64_t now)
	MUST_CHECK;
