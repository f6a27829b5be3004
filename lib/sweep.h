#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/spans.h"

/* The literal rules of one trust level -> what they allow and what they deny. The longest
 * prefix decides, on a tie the narrower port range, on a further tie deny. Prefixes nest or
 * are disjoint, so one pass over the sorted rules with a stack of the open ones does it. */

enum rule_kind {
	RULE_ENTRY,
	RULE_ATTACHED, /* holds for the prefix but not at the holes in it */
	RULE_WEAK,     /* yields to every other rule with the same prefix */
	RULE_HOLE, /* one address that RULE_ATTACHED leaves out; says nothing itself */
};

struct rule {
	u128 base;
	const struct port_range *ports; /* borrowed */
	uint32_t port_count; /* 0: none given. An allow covers PORTSET_ANY then, a
					 * deny PORTSET_WHOLE; both count as wide as the line */
	uint8_t length;
	uint8_t family; /* enum family */
	uint8_t kind;   /* enum rule_kind */
	bool deny;
};

struct rules {
	struct rule *v;
	size_t count, capacity;
};

/* Of both families: [0] is IPv4. Where neither has a point, no rule speaks of it. */
struct verdicts {
	struct spans allow[2], deny[2];
};

/* False when memory ran out. */
bool rules_add(struct rules *rules, const struct rule *rule) MUST_CHECK;
void rules_release(struct rules *rules);
void verdicts_release(struct verdicts *verdicts);

/* Of sorted rules the first that has the prefix or stands behind. */
size_t rules_find(const struct rules *rules, const struct prefix *prefix);

/* Sorts the rules, by family, base and length. On failure *ret is to be released all the same. */
int sweep(struct portsets *table, struct rules *rules, struct verdicts *ret,
	  struct error *err) MUST_CHECK;
