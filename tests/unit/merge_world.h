#pragma once

#include "tests/unit/precedence_model.h"

/* Layers drawn, written down as people write them, read, merged and compiled by netpale: the policy must
 * be the model's, and every point of a small world open exactly where the model says so. */

static inline void mm_write_list(const struct mm_item *const *items, size_t count,
				 const char *key, struct buf *out)
{
	buf_printf(out, "  %s: [", key);
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s\"%s\"", i ? ", " : "", items[i]->text);
	buf_puts(out, "]\n");
}

static inline void mm_write_opening(const char *key, enum opening_kind kind, bool project,
				    const char *closed, const char *open, struct buf *out)
{
	static const char *const ports[] = { "[3000]", "[3000, 4000/tcp]" };

	if (kind)
		buf_printf(out, "  %s: %s\n", key,
			   kind == OPENING_CLOSED  ? closed
			   : kind == OPENING_PORTS ? ports[project]
						   : open);
}

static inline void mm_write(const struct mm_layer *layer, bool project, struct buf *out)
{
	buf_puts(out, layer->override ? "merge: override\n" : "");
	buf_puts(out, layer->isolation ? "isolation: true\n" : "");
	buf_puts(out, "network:\n");
	if (layer->mode)
		buf_printf(out, "  policy: %s\n", mode_name(layer->mode));
	if (layer->dns)
		buf_printf(out, "  dns: %s\n", stance_name(layer->dns));
	if (layer->trust)
		buf_printf(out, "  trust_project: %s\n", trust_name(layer->trust));
	mm_write_opening("inbound", layer->inbound, project, "deny", "allow", out);
	mm_write_opening("host_gateway", layer->gateway, project, "false", "true", out);
	if (layer->has_allow)
		mm_write_list(layer->allow, layer->allows, "allow", out);
	if (layer->has_deny)
		mm_write_list(layer->deny, layer->denies, "deny", out);
}

/* As a variable or a flag has it. */
static inline int mm_say_list(struct layer *layer, bool deny,
			      const struct mm_item *const *items, size_t count,
			      const struct origin *at, struct arena *arena,
			      struct notes *notes)
{
	struct buf text CLEANUP(buf_release) = { 0 };

	if (count == 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "%s%s", i ? "," : "", items[i]->text);
	return layer_add_list(layer, deny, text.data, at, arena, notes);
}

struct mm_real {
	struct arena *arena;
	struct notes notes;
	struct layer layers[LAYER_COUNT];
	struct policy policy;
	struct buf text; /* for whoever has to find out */
	int result;
};

static inline void mm_read_layer(const struct mm_layer *said, enum layer_kind kind,
				 struct mm_real *real)
{
	const struct origin at = { real->layers[kind].source, 0, 0 };
	struct layer *layer = &real->layers[kind];
	struct buf text CLEANUP(buf_release) = { 0 };
	struct error err;

	mm_write(said, kind == LAYER_PROJECT, &text);
	buf_printf(&real->text, "--- %d\n%s", kind, text.data);
	if (kind <= LAYER_PROJECT) {
		if (layer_parse(layer, text.data, text.length, real->arena, &real->notes,
				&err) < 0)
			fprintf(stderr, "%s\n%s\n", text.data, real->notes.v[0].text);
		PROMISE(real->notes.errors == 0);
		return;
	}
	if (said->mode)
		PROMISE(layer_set_mode(layer, mode_name(said->mode), &at, &real->notes) ==
			0);
	if (said->dns)
		PROMISE(layer_set_dns(layer, stance_name(said->dns), &at, &real->notes) ==
			0);
	if (said->trust)
		PROMISE(layer_set_trust(layer, trust_name(said->trust), &at,
					&real->notes) == 0);
	PROMISE(mm_say_list(layer, false, said->allow, said->allows, &at, real->arena,
			    &real->notes) == 0);
	PROMISE(mm_say_list(layer, true, said->deny, said->denies, &at, real->arena,
			    &real->notes) == 0);
}

static inline void mm_real_merge(const struct mm_world *world, struct mm_real *real)
{
	static const char *const sources[] = { "profile", "project", "environment",
					       "flags" };
	struct layer *given[LAYER_COUNT] = { 0 };
	struct error err;

	*real = (struct mm_real){ .arena = arena_new(0) };
	PROMISE(real->arena);
	for (enum layer_kind kind = 0; kind < LAYER_COUNT; kind++) {
		layer_init(&real->layers[kind], kind, sources[kind]);
		if (!world->layers[kind].given)
			continue;
		given[kind] = &real->layers[kind];
		mm_read_layer(&world->layers[kind], kind, real);
	}
	real->result =
		policy_merge(given, real->arena, &real->notes, &real->policy, &err);
	buf_printf(&real->text, "--- netpale: %s\n", real->result < 0 ? err.text : "ok");
}

static inline void mm_real_release(struct mm_real *real)
{
	for (size_t i = 0; i < LAYER_COUNT; i++)
		layer_release(&real->layers[i]);
	notes_release(&real->notes);
	arena_free(real->arena);
	buf_release(&real->text);
}

/* What differs, in words; NULL: nothing. */
static inline const char *mm_compare(const struct mm_policy *model,
				     const struct mm_real *real)
{
	const struct policy *policy = &real->policy;

	if (model->refused != (real->result < 0))
		return model->refused ? "the model refuses it" : "netpale refuses it";
	if (model->refused)
		return NULL;
	if (model->mode != policy->mode)
		return "mode";
	if (model->dns != policy->dns && model->mode != MODE_NONE)
		return "dns";
	if (model->inbound != policy->inbound.kind ||
	    (model->inbound == OPENING_PORTS &&
	     policy->inbound.port_count != (model->inbound_of_project ? 3 : 2)))
		return "inbound";
	if (model->gateway != policy->host_gateway.kind)
		return "host_gateway";
	return NULL;
}

/* The same of every point. */
static inline const char *mm_compare_points(const struct mm_policy *model,
					    struct mm_real *real)
{
	CLEANUP(plan_freep) struct plan *plan = NULL;
	static const struct site nowhere;
	struct answers answers;
	struct error err;

	PROMISE(answers_parse(mm_hosts, strlen(mm_hosts), "hosts", real->arena, &answers,
			      &err) == 0);
	PROMISE(plan_build(&real->policy, &answers, &nowhere, &real->notes, &plan,
			   &err) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(mm_addrs); i++) {
		struct addr addr = mm_addr(mm_addrs[i]);

		for (size_t j = 0; j < ARRAY_SIZE(mm_points); j++) {
			char protocol = mm_points[j].protocol;
			uint32_t point = protocol == 'o' ? PORTSET_OTHER
					 : protocol == 't'
						 ? mm_points[j].port
						 : PORTSET_UDP + mm_points[j].port;
			bool open = mm_is_open(model, &addr, j);

			if (plan_allows(plan, &addr, point) == open)
				continue;
			buf_printf(&real->text, "--- %s %c %u: the model says %s\n",
				   mm_addrs[i], protocol, mm_points[j].port,
				   open ? "open" : "closed");
			return "a point";
		}
	}
	return NULL;
}

/* Draws a world and compares; NULL: both agree. `ret_refused`: it was none that starts. */
static inline const char *mm_round(struct mm_world *world, struct mm_real *real,
				   bool *ret_refused)
{
	struct mm_policy model;
	const char *differs;

	for (enum layer_kind kind = 0; kind < LAYER_COUNT; kind++)
		mm_draw_layer(world, kind);
	model = mm_merge(world);
	*ret_refused = model.refused;
	mm_real_merge(world, real);
	differs = mm_compare(&model, real);
	if (!differs && !model.refused)
		differs = mm_compare_points(&model, real);
	return differs;
}
