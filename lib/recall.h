#pragma once

#include "lib/blame.h"

/* What blame_packet() found of the last packets, for those that are equal: with a policy of 100,000 lines
 * it looks for some hundredths of a second, and whoever is refused tries again. What DNS may change
 * meanwhile, names and who asked for them, is looked up each time. Pure; bounded, the oldest finding
 * makes room. */

#define RECALL_MAX 64u

struct recall;
struct recall *recall_new(void) MUST_CHECK;
void recall_free(struct recall *recall);

/* As blame_packet(); the texts are `recall`'s or in `texts`, until the next call. */
void recall_packet(struct recall *recall, const struct blame *by,
		   const struct packet *packet, struct blame_texts *texts,
		   struct refusal *ret);

/* The policy, its answers or the site are others now. */
void recall_forget(struct recall *recall);
