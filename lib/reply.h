#pragma once

#include <stddef.h>

#include "lib/addr.h"
#include "lib/arena.h"

/* What a DNS reply says about its question: the addresses of the type that was asked for whose
 * owner is the name in the question or where its CNAMEs lead within this reply. Whatever else
 * stands in it, in whichever section, counts for nothing. */

struct ares_dns_record;

/* At most ANSWER_ADDRS_MAX, as they come, in `arena`; no address at all is no failure. NULL:
 * out of memory. */
const struct addr *reply_addresses(const struct ares_dns_record *reply,
				   struct arena *arena, size_t *ret_count) MUST_CHECK;
