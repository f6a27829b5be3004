#include "lib/policy_internal.h"

/* Merging: inbound and host_gateway. */

static const char *opening_name(const struct opening *opening)
{
	switch (opening->kind) {
	case OPENING_CLOSED:
		return "closed";
	case OPENING_PORTS:
		return "a list of ports";
	case OPENING_UNSET:
	case OPENING_OPEN:
		break;
	}
	return "open";
}

/* The ports that both open; false when `wanted` has more than that. */
static bool intersect(const struct opening *kept, const struct opening *wanted,
		      struct port_range *ret, size_t *ret_count)
{
	bool covered = true;
	size_t count = 0;

	for (size_t i = 0; i < wanted->port_count; i++) {
		struct port_range want = wanted->ports[i];
		uint32_t opened = 0;

		for (size_t j = 0; j < kept->port_count; j++) {
			struct port_range keep = kept->ports[j];
			uint32_t first =
				want.first > keep.first ? want.first : keep.first;
			uint32_t last = want.last < keep.last ? want.last : keep.last;

			if (first > last)
				continue;
			ret[count++] = (struct port_range){ first, last };
			opened += last - first + 1;
		}
		covered = covered && opened == want.last - want.first + 1;
	}
	*ret_count = count;
	return covered;
}

/* Both list ports: what both open stays open. */
static int tighten_ports(struct merger *merger, const char *key, struct opening *chosen,
			 const struct opening *project, struct arena *arena,
			 struct error *err)
{
	/* Of two sorted lists of disjoint ranges so many pieces can overlap at most. */
	size_t most = chosen->port_count + project->port_count, count;
	struct port_range *ranges = arena_alloc(arena, most * sizeof(*ranges));

	if (!ranges)
		return error_memory(err);
	if (!intersect(chosen, project, ranges, &count))
		merger_note_withheld(merger, key, opening_name(project), &project->origin,
				     opening_name(chosen), &chosen->origin);
	chosen->kind = count ? OPENING_PORTS : OPENING_CLOSED;
	chosen->ports = ranges;
	chosen->port_count = count;
	return 0;
}

static int tighten_opening(struct merger *merger, const char *key, struct opening *chosen,
			   const struct opening *project, struct arena *arena,
			   struct error *err)
{
	/* Unset is not open: what an operator's deny closes, no project's port list opens. */
	bool tighter = project->kind == OPENING_CLOSED || chosen->kind == OPENING_OPEN;

	if (project->kind == OPENING_PORTS && chosen->kind == OPENING_PORTS)
		return tighten_ports(merger, key, chosen, project, arena, err);
	if (tighter && project->kind != chosen->kind)
		*chosen = *project;
	else if (!tighter)
		merger_note_withheld(merger, key, opening_name(project), &project->origin,
				     opening_name(chosen), &chosen->origin);
	return 0;
}

/* `chosen` comes with what holds when nobody says anything. */
static int merge_opening(struct merger *merger, const char *key, size_t offset,
			 struct opening *chosen, struct arena *arena, struct error *err)
{
	for (size_t i = 0; i < LAYER_COUNT; i++) {
		const struct opening *said;

		if (!merger->layers[i])
			continue;
		said = (const void *)((const char *)merger->layers[i] + offset);
		if (said->kind == OPENING_UNSET)
			continue;
		if (i != LAYER_PROJECT || merger->relaxing)
			*chosen = *said;
		else if (tighten_opening(merger, key, chosen, said, arena, err) < 0)
			return -1;
	}
	return 0;
}

int merger_openings(struct merger *merger, struct arena *arena, struct error *err)
{
	struct policy *policy = merger->policy;
	bool unfenced = policy->mode == MODE_FULL || policy->mode == MODE_AUDIT;

	policy->inbound.kind = unfenced ? OPENING_OPEN : OPENING_CLOSED;
	policy->host_gateway.kind =
		policy->mode == MODE_FULL ? OPENING_UNSET : OPENING_CLOSED;
	if (merge_opening(merger, "inbound", offsetof(struct layer, inbound),
			  &policy->inbound, arena, err) < 0)
		return -1;
	return merge_opening(merger, "host_gateway", offsetof(struct layer, host_gateway),
			     &policy->host_gateway, arena, err);
}
