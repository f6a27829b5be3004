#include "lib/quota.h"

#include <stdlib.h>

#define MINUTE 60000

/* In parts of a minute, so that the division comes last and nothing is lost. */
struct bucket {
	const void *key;
	int64_t names, bytes; /* tokens times MINUTE */
	int64_t filled;       /* when */
};

struct quota {
	struct bucket buckets[QUOTA_WILDCARDS + 1]; /* the last is everybody else's */
	size_t count;
};

struct quota *quota_new(void)
{
	return calloc(1, sizeof(struct quota));
}

void quota_free(struct quota *quota)
{
	free(quota);
}

static struct bucket *find(struct quota *quota, const void *key, int64_t now)
{
	struct bucket *bucket;
	size_t i = 0;

	while (i < quota->count && quota->buckets[i].key != key && i < QUOTA_WILDCARDS)
		i++;
	bucket = &quota->buckets[i];
	if (i == quota->count) {
		quota->count++;
		*bucket = (struct bucket){ key, (int64_t)QUOTA_NAMES * MINUTE,
					   (int64_t)QUOTA_BYTES * MINUTE, now };
	}
	return bucket;
}

static int64_t refill(int64_t tokens, int64_t gone, uint32_t per_minute, uint32_t most)
{
	int64_t full = (int64_t)most * MINUTE;

	/* A bucket is full after four minutes at the latest: no product overflows. */
	if (gone >= full / per_minute)
		return full;
	tokens += gone * per_minute;
	return tokens < full ? tokens : full;
}

bool quota_take(struct quota *quota, const void *key, size_t bytes, int64_t now)
{
	struct bucket *bucket = find(quota, key, now);
	int64_t gone = now > bucket->filled ? now - bucket->filled : 0;
	int64_t cost = (int64_t)bytes * MINUTE;

	bucket->names = refill(bucket->names, gone, QUOTA_NAMES_PER_MINUTE, QUOTA_NAMES);
	bucket->bytes = refill(bucket->bytes, gone, QUOTA_BYTES_PER_MINUTE, QUOTA_BYTES);
	bucket->filled = now;
	if (bucket->names < MINUTE || bucket->bytes < cost)
		return false;
	bucket->names -= MINUTE;
	bucket->bytes -= cost;
	return true;
}
