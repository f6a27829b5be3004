#include "lib/told.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS (TOLD_MAX / 2)

struct answer {
	struct answer *next; /* of its bucket */
	struct answer *older, *newer;
	int64_t until;
	uint16_t type, length, count;
	uint8_t host_length;
	uint8_t bytes[]; /* the host, without an end, then what was told */
};

struct told {
	uint8_t key[HASH_KEY];
	struct answer *buckets[BUCKETS];
	struct answer *oldest, *newest;
	size_t count;
};

struct told *told_new(const uint8_t key[static HASH_KEY])
{
	struct told *told = calloc(1, sizeof(*told));

	if (told)
		memcpy(told->key, key, HASH_KEY);
	return told;
}

/* What points at the answer in its bucket, or at the bucket's end. */
static struct answer **find(struct told *told, const void *host, size_t length,
			    uint16_t type)
{
	size_t bucket = hash_bytes(told->key, host, length) % BUCKETS;
	struct answer **at = &told->buckets[bucket];

	for (; *at; at = &(*at)->next)
		if ((*at)->type == type && (*at)->host_length == length &&
		    memcmp((*at)->bytes, host, length) == 0)
			break;
	return at;
}

static void forget(struct told *told, struct answer **at)
{
	struct answer *answer = *at;

	*at = answer->next;
	*(answer->older ? &answer->older->newer : &told->oldest) = answer->newer;
	*(answer->newer ? &answer->newer->older : &told->newest) = answer->older;
	told->count--;
	free(answer);
}

static void forget_oldest(struct told *told)
{
	const struct answer *oldest = told->oldest;

	forget(told, find(told, oldest->bytes, oldest->host_length, oldest->type));
}

void told_forget(struct told *told)
{
	while (told->oldest)
		forget_oldest(told);
}

void told_free(struct told *told)
{
	if (told)
		told_forget(told);
	free(told);
}

static struct answer *new_answer(const char *host, size_t host_length,
				 const struct dnsmsg_kept *kept)
{
	struct answer *answer = malloc(sizeof(*answer) + host_length + kept->length);

	if (!answer)
		return NULL;
	answer->host_length = (uint8_t)host_length; /* HOST_MAX at most */
	answer->length = (uint16_t)kept->length;
	answer->count = kept->count;
	memcpy(answer->bytes, host, host_length);
	memcpy(answer->bytes + host_length, kept->bytes, kept->length);
	return answer;
}

static void append(struct told *told, struct answer *answer)
{
	answer->newer = NULL;
	answer->older = told->newest;
	*(told->newest ? &told->newest->newer : &told->oldest) = answer;
	told->newest = answer;
	told->count++;
}

void told_keep(struct told *told, const char *host, uint16_t type,
	       const struct dnsmsg_kept *kept, int64_t until, int64_t now)
{
	size_t length = strlen(host);
	struct answer **at = find(told, host, length, type), *answer;

	if (*at)
		forget(told, at);
	while (told->oldest && (told->count == TOLD_MAX || told->oldest->until <= now))
		forget_oldest(told);
	if (kept->length > TOLD_BYTES || !(answer = new_answer(host, length, kept)))
		return;
	answer->type = type;
	answer->until = until;
	/* Only now: what was forgotten may have been where it pointed to. */
	at = find(told, host, length, type);
	answer->next = NULL;
	*at = answer;
	append(told, answer);
}

bool told_find(struct told *told, const char *host, uint16_t type, int64_t now,
	       struct dnsmsg_kept *ret, uint32_t *ret_ttl)
{
	const struct answer *answer = *find(told, host, strlen(host), type);

	if (!answer || answer->until - now < 1000)
		return false;
	*ret = (struct dnsmsg_kept){
		.bytes = answer->bytes + answer->host_length,
		.length = answer->length,
		.count = answer->count,
	};
	*ret_ttl = (uint32_t)((answer->until - now) / 1000);
	return true;
}
