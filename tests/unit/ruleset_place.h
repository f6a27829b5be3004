#pragma once

/* Plans made by hand, and looking into the messages that come of them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "lib/plan.h"
#include "lib/ruleset.h"

static const struct ruleset_options marks = { .flow_mark = 0x1234, .socket_mark = 0x77 };

static inline struct plan *plan_new(enum mode mode)
{
	struct plan *plan = calloc(1, sizeof(*plan));

	assert_non_null(plan);
	plan->mode = mode;
	plan->fenced = true;
	plan->dns = STANCE_RESOLVERS;
	plan->portsets = portsets_new();
	assert_non_null(plan->portsets);
	return plan;
}

static inline portset ports_of(struct plan *plan, uint32_t first, uint32_t last)
{
	const struct port_range range = { first, last };
	struct error err = { 0 };
	portset id;

	assert_int_equal(portset_make(plan->portsets, &range, 1, &id, &err), 0);
	return id;
}

static inline struct addr addr_of(const char *text)
{
	struct addr addr;

	assert_true(addr_parse(text, strlen(text), &addr));
	return addr;
}

static inline void open_range(struct plan *plan, const char *first, const char *last,
			      portset ports)
{
	struct addr from = addr_of(first), to = addr_of(last);
	struct spans *spans = &plan->spans[from.family == FAMILY_6];

	assert_true(
		array_grow(&spans->v, &spans->capacity, spans->count, sizeof(*spans->v)));
	spans->v[spans->count++] =
		(struct span){ .first = from.value, .last = to.value, .ports = ports };
}

static inline struct ruleset *ruleset_of(const struct plan *plan,
					 const struct ruleset *standing)
{
	struct ruleset_options options = marks;
	struct ruleset *ruleset = NULL;
	struct error err = { 0 };

	if (standing) {
		options.standing = standing->bytes.data;
		options.standing_length = standing->bytes.length;
	}
	if (ruleset_build(plan, &options, true, &ruleset, &err) < 0)
		fail_msg("%s", err.text);
	return ruleset;
}

static inline const struct nlmsghdr *message_of(const struct ruleset *ruleset, size_t i)
{
	return (const void *)(ruleset->bytes.data + ruleset->messages[i].offset);
}

/* How many messages do what begins with these words? */
static inline size_t count_of(const struct ruleset *ruleset, const char *words)
{
	size_t count = 0;

	for (size_t i = 0; i < ruleset->count; i++)
		count += strncmp(ruleset->messages[i].what, words, strlen(words)) == 0;
	return count;
}

static inline void assert_has(const struct ruleset *ruleset, const char *text)
{
	if (!strstr(ruleset->text.data, text))
		fail_msg("no '%s' in:\n%s", text, ruleset->text.data);
}

static inline void assert_lacks(const struct ruleset *ruleset, const char *text)
{
	if (strstr(ruleset->text.data, text))
		fail_msg("'%s' in:\n%s", text, ruleset->text.data);
}
