#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/addr.h"
#include "lib/answers.h"
#include "lib/macros.h"
#include "lib/policy.h"

/* The lines of a policy as text, kept beside the fence so that later, without the policy, it can be
 * said which of them opened an address. One line each, fields between tabs: what it does ("allow",
 * "deny", "inbound", "dns"), its origin, what it is about (a network, a name, nothing), and the entry
 * itself. Presets' lines say where the preset was used. */

/* Of a longer policy nothing is kept. */
#define ENTRIES_MAX 10000u

struct buf;
void entries_print(const struct policy *policy, struct buf *out);

struct entry_line {
	char origin[ORIGIN_TEXT];
	char text[320]; /* the entry; empty where the origin says it all */
};

/* The line with that word which covers the address by the longest prefix, else one whose name has it
 * in the answers. `addr` NULL: the first with that word. */
bool entries_find(const char *text, size_t length, const struct answers *answers,
		  const char *word, const struct addr *addr, struct entry_line *ret)
	MUST_CHECK;
