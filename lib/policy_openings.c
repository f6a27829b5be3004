#include "lib/buf.h"
#include "lib/policy_internal.h"

/* Merging: inbound and host_gateway. */

static void print_opening(const struct opening *opening, struct buf *out)
{
	switch (opening->kind) {
	case OPENING_UNSET:
		buf_puts(out, "what nobody says");
		break;
	case OPENING_CLOSED:
		buf_puts(out, "closed");
		break;
	case OPENING_PORTS:
		ports_print_list(opening->ports, opening->port_count, out);
		break;
	case OPENING_OPEN:
		buf_puts(out, "open");
		break;
	}
}

static void note_withheld(struct merger *merger, const char *key,
			  const struct opening *wanted, const struct opening *kept,
			  const struct opening *holds)
{
	const struct opening *parts[] = { wanted, kept, holds };
	struct buf texts[ARRAY_SIZE(parts)] = { 0 };
	bool failed = false;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		print_opening(parts[i], &texts[i]);
		failed = failed || texts[i].failed;
	}
	if (failed)
		merger->notes->out_of_memory = true;
	else
		merger_note_withheld(merger, key, texts[0].data, &wanted->origin,
				     texts[1].data, &kept->origin, texts[2].data);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		buf_release(&texts[i]);
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
	size_t most = chosen->port_count + project->port_count;
	struct port_range *ranges = arena_alloc(arena, most * sizeof(*ranges));
	struct opening both;

	if (!ranges)
		return error_memory(err);
	both = *chosen;
	both.ports = ranges;
	if (intersect(chosen, project, ranges, &both.port_count)) {
		*chosen = *project;
		return 0;
	}
	if (both.port_count == 0)
		both.kind = OPENING_CLOSED;
	note_withheld(merger, key, project, chosen, &both);
	*chosen = both;
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
		note_withheld(merger, key, project, chosen, chosen);
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

	/* Closed in audit means recorded, as everything else is there. */
	policy->inbound.kind = policy->mode == MODE_FULL ? OPENING_OPEN : OPENING_CLOSED;
	policy->host_gateway.kind =
		policy->mode == MODE_FULL ? OPENING_UNSET : OPENING_CLOSED;
	if (merge_opening(merger, "inbound", offsetof(struct layer, inbound),
			  &policy->inbound, arena, err) < 0)
		return -1;
	return merge_opening(merger, "host_gateway", offsetof(struct layer, host_gateway),
			     &policy->host_gateway, arena, err);
}
