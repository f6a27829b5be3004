#pragma once

#include "lib/buf.h"
#include "lib/refusal.h"

/* Refusals as people read them, within 80 columns unless a name is longer; nothing is cut. A row is
 * who wanted what, how often and why not; below it stands the line of policy that would allow it,
 * ready to be copied, or what refuses it when no line would. Escaped; pure: the time is the caller's
 * text.
 *
 *	TIME      WHAT                                  WHO        TIMES  WHY
 *	16:43:27  api.example.com:8080/tcp              curl          12  wrong port
 *	          - api.example.com:8080/tcp
 *	16:43:31  203.0.113.9:443/tcp                   uid 1000       3  denied
 *	          denied by /etc/netpale/policy.yml:4
 */

#define REFUSAL_TABLE_WIDTH 80u
#define REFUSAL_TABLE_TIME 8u /* columns of "16:43:27" */

struct refusal_table {
	struct buf *out;
	size_t time; /* columns that all times are within */
};

void refusal_table_head(const struct refusal_table *table);
void refusal_table_row(const struct refusal_table *table, const char *time,
		       const struct refusal *refusal);
/* So many more could not be recorded. */
void refusal_table_lost(const struct refusal_table *table, const char *time,
			uint64_t lost);
