#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/policy.h"

/* What the tests of merging share: layers from texts, and a line that sums up the result. */

struct bench {
	struct arena *arena;
	struct notes notes;
	struct layer layers[LAYER_COUNT];
	struct layer *given[LAYER_COUNT];
	struct policy policy;
	struct error err;
	int result;
};

static inline void give(struct bench *bench, enum layer_kind kind, const char *source,
			const char *text)
{
	struct layer *layer = &bench->layers[kind];

	layer_init(layer, kind, source);
	if (!text)
		return;
	if (layer_parse(layer, text, strlen(text), bench->arena, &bench->notes,
			&bench->err) < 0)
		fail_msg("%s", bench->err.text);
	bench->given[kind] = layer;
}

/* Words such as "policy=none", "dns=pinned", "trust=ignore", "allow=a.example". */
static inline void give_words(struct bench *bench, enum layer_kind kind,
			      const char *source, const char *text)
{
	const struct origin at = { source, 0, 0 };
	struct layer *layer = &bench->layers[kind];
	char words[256], *rest = words, *word;

	layer_init(layer, kind, source);
	if (!text)
		return;
	bench->given[kind] = layer;
	snprintf(words, sizeof(words), "%s", text);
	while ((word = strsep(&rest, " "))) {
		const char *value = strchr(word, '=') + 1;
		int result = -1;

		if (word[0] == 'p')
			result = layer_set_mode(layer, value, &at, &bench->notes);
		else if (word[0] == 'd' && word[1] == 'n')
			result = layer_set_dns(layer, value, &at, &bench->notes);
		else if (word[0] == 't')
			result = layer_set_trust(layer, value, &at, &bench->notes);
		else
			result = layer_add_list(layer, word[0] == 'd', value, &at,
						bench->arena, &bench->notes);
		assert_int_equal(result, 0);
	}
}

static inline struct bench *merged(const char *profile, const char *project,
				   const char *environment, const char *flags)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->arena = arena_new(0);
	assert_non_null(bench->arena);
	give(bench, LAYER_PROFILE, "profile.yml", profile);
	give(bench, LAYER_PROJECT, ".ccpod.yml", project);
	give_words(bench, LAYER_ENVIRONMENT, "environment", environment);
	give_words(bench, LAYER_FLAGS, "flags", flags);
	bench->result = policy_merge(bench->given, bench->arena, &bench->notes,
				     &bench->policy, &bench->err);
	return bench;
}

static inline void done(struct bench *bench)
{
	for (size_t i = 0; i < LAYER_COUNT; i++)
		layer_release(&bench->layers[i]);
	notes_release(&bench->notes);
	arena_free(bench->arena);
	free(bench);
}

static inline void summarise_opening(const char *name, const struct opening *opening,
				     struct buf *out)
{
	static const char *const kinds[] = { "unset", "closed", "", "open" };

	buf_printf(out, " %s=%s", name, kinds[opening->kind]);
	if (opening->kind == OPENING_PORTS)
		ports_print(opening->ports, opening->port_count, out);
}

/* "restricted resolvers inbound=closed gateway=closed +a.example -10.0.0.0/8 (+b.example)":
 * a project's entry in parentheses, a repetition with '='. */
static inline void summarise(const struct bench *bench, struct buf *out)
{
	const struct policy *policy = &bench->policy;

	if (bench->result < 0) {
		buf_puts(out, bench->err.text);
		return;
	}
	buf_printf(out, "%s %s", mode_name(policy->mode), stance_name(policy->dns));
	summarise_opening("inbound", &policy->inbound, out);
	summarise_opening("gateway", &policy->host_gateway, out);
	for (size_t i = 0; i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];
		bool project = entry->trust == TRUST_PROJECT;

		buf_printf(out, " %s%s%s", project ? "(" : "", entry->same ? "=" : "",
			   entry->deny ? "-" : "+");
		entry_print(entry, out);
		buf_puts(out, project ? ")" : "");
	}
}

struct merging {
	const char *profile, *project, *environment, *flags;
	const char *summary; /* or a part of the error */
	const char *warning; /* a part of the one warning; NULL: none */
};

static inline void check_merging(const struct merging *c)
{
	struct bench *bench = merged(c->profile, c->project, c->environment, c->flags);
	struct buf got = { 0 }, note = { 0 };

	summarise(bench, &got);
	if (bench->result == 0 ? strcmp(got.data, c->summary) != 0
			       : !strstr(got.data, c->summary))
		fail_msg("'%s' + '%s' + '%s' + '%s':\ngot  '%s'\nwant '%s'", c->profile,
			 c->project, c->environment, c->flags, got.data, c->summary);
	assert_int_equal(bench->notes.count, c->warning ? 1 : 0);
	if (c->warning) {
		note_print(&bench->notes.v[0], &note);
		if (!strstr(note.data, c->warning))
			fail_msg("got '%s', not '%s'", note.data, c->warning);
	}
	buf_release(&got);
	buf_release(&note);
	done(bench);
}

#define CHECK_ALL(cases)                                                                 \
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)                                   \
		check_merging(&(cases)[i]);

#define CLOSED " resolvers inbound=closed gateway=closed"
#define FULL "full resolvers inbound=open gateway=unset"
#define P "network:\n  policy: "
#define ALLOW "network:\n  allow: [a.example]\n"
#define DENY "network:\n  deny: [10.0.0.0/8]\n"
