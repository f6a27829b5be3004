#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/macros.h"
#include "lib/plan.h"

/* A policy with its answers and its site, written down in a few words for a test. */

struct scene {
	struct policy policy;
	struct answers answers;
	struct site site;
	struct notes notes;
	struct arena *arena;
	size_t capacity;
};

static inline struct addr addr_of(const char *text)
{
	struct addr addr;

	if (!addr_parse(text, strlen(text), &addr))
		fail_msg("not an address: %s", text);
	return addr;
}

static inline void scene_init(struct scene *scene, enum mode mode)
{
	*scene = (struct scene){ .policy.mode = mode, .arena = arena_new(0) };
	assert_non_null(scene->arena);
}

static inline void scene_release(struct scene *scene)
{
	free(scene->policy.entries);
	notes_release(&scene->notes);
	arena_free(scene->arena);
}

static inline struct entry *scene_add(struct scene *scene, const struct entry *entry)
{
	struct policy *policy = &scene->policy;

	if (!array_grow(&policy->entries, &scene->capacity, policy->count,
			sizeof(*entry)))
		fail_msg("out of memory");
	policy->entries[policy->count] = *entry;
	policy->entries[policy->count].origin.source = "p.yml";
	policy->entries[policy->count].origin.line = (unsigned)policy->count + 1;
	return &policy->entries[policy->count++];
}

/* "[project] [private] [required] allow|deny ENTRY", ENTRY also "attached". */
static inline void scene_say(struct scene *scene, const char *text)
{
	struct entry entry = { 0 }, words = { 0 };
	struct error err;

	for (;;) {
		size_t length = strcspn(text, " ");

		if (strncmp(text, "project ", 8) == 0)
			words.trust = TRUST_PROJECT;
		else if (strncmp(text, "private ", 8) == 0)
			words.private_ok = true;
		else if (strncmp(text, "required ", 9) == 0)
			words.required = true;
		else if (strncmp(text, "deny ", 5) == 0)
			words.deny = true;
		else if (strncmp(text, "allow ", 6) != 0)
			break;
		text += length + 1;
	}
	if (strcmp(text, "attached") == 0)
		entry.kind = ENTRY_ATTACHED;
	else if (entry_parse(scene->arena, text, strlen(text), &entry, &err) < 0)
		fail_msg("%s", err.text);
	entry.text = text;
	entry.trust = words.trust;
	entry.private_ok = words.private_ok;
	entry.required = words.required;
	entry.deny = words.deny;
	scene_add(scene, &entry);
}

#define SAY(scene, ...)                                                                  \
	do {                                                                             \
		const char *const lines_[] = { __VA_ARGS__ };                            \
                                                                                         \
		for (size_t i_ = 0; i_ < ARRAY_SIZE(lines_); i_++)                       \
			scene_say(scene, lines_[i_]);                                    \
	} while (0)

/* hosts(5) lines. */
static inline void scene_answer(struct scene *scene, const char *hosts)
{
	struct error err;

	if (answers_parse(hosts, strlen(hosts), "hosts", scene->arena, &scene->answers,
			  &err) < 0)
		fail_msg("%s", err.text);
}

/* A container on Docker's bridge: 172.17.0.2/16 and 2001:db8:17::2/64 behind .1 and ::1. */
static inline void scene_attach(struct scene *scene)
{
	static const struct {
		const char *own, *gateway;
		uint8_t length;
	} links[] = {
		{ "172.17.0.2", "172.17.0.1", 16 },
		{ "2001:db8:17::2", "2001:db8:17::1", 64 },
	};
	struct site *site = &scene->site;

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		struct addr own = addr_of(links[i].own);

		site->own[site->own_count++] = own;
		site->attached[site->attached_count++] = prefix_of(&own, links[i].length);
		site->gateways[site->gateway_count++] = addr_of(links[i].gateway);
	}
	site->resolvers[site->resolver_count++] = addr_of("192.0.2.53");
}

static inline struct plan *build(struct scene *scene)
{
	struct plan *plan = NULL;
	struct error err;

	if (plan_build(&scene->policy, &scene->answers, &scene->site, &scene->notes,
		       &plan, &err) < 0)
		fail_msg("%s", err.text);
	return plan;
}

static inline void assert_flows(struct scene *scene, const char *wanted)
{
	CLEANUP(plan_freep) struct plan *plan = build(scene);
	struct buf out = { 0 };

	plan_print(plan, &out);
	assert_string_equal(out.data ? out.data : "", wanted);
	buf_release(&out);
}

static inline void assert_notes(const struct scene *scene, const char *wanted)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < scene->notes.count; i++) {
		note_print(&scene->notes.v[i], &out);
		buf_puts(&out, "\n");
	}
	assert_string_equal(out.data ? out.data : "", wanted);
	buf_release(&out);
}

/* One scene: its mode, whether it lies on a bridge, its lines, its answers; what comes out. */
struct row {
	enum mode mode;
	bool attached;
	const char *lines[8];
	const char *hosts;
	const char *flows;
	const char *notes;
};

static inline void check_row(const struct row *row)
{
	struct scene scene CLEANUP(scene_release);

	scene_init(&scene, row->mode);
	if (row->attached)
		scene_attach(&scene);
	for (size_t i = 0; i < ARRAY_SIZE(row->lines) && row->lines[i]; i++)
		scene_say(&scene, row->lines[i]);
	scene_answer(&scene, row->hosts ? row->hosts : "");
	assert_flows(&scene, row->flows);
	assert_notes(&scene, row->notes ? row->notes : "");
}

static inline void assert_fails(struct scene *scene, enum error_kind kind,
				const char *text)
{
	struct plan *plan = NULL;
	struct error err;

	assert_int_equal(plan_build(&scene->policy, &scene->answers, &scene->site,
				    &scene->notes, &plan, &err),
			 -1);
	assert_null(plan);
	assert_int_equal(err.kind, kind);
	assert_string_equal(err.text, text);
}
