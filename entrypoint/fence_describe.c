/* What stands, in words: the start line, and its object. */
#include "entrypoint/fence.h"

#include "lib/buf.h"
#include "lib/plan.h"

/* How many of each list the start line names, and how many its object. */
#define SHOWN_MAX 3
#define LISTED_MAX 100

static void describe_inbound(const struct plan *plan, struct buf *out)
{
	size_t count;
	const struct port_range *ranges =
		portset_ranges(plan->portsets, plan->inbound, &count);

	if (plan->inbound_open)
		buf_puts(out, "open");
	else if (count == 0)
		buf_puts(out, plan->mode == MODE_AUDIT ? "recorded" : "closed");
	else
		ports_print(ranges, count, out);
}

static const char *describe_dns(const struct plan *plan)
{
	return plan->mode == MODE_NONE ? "closed" : stance_name(plan->dns);
}

/* Did the project add it, and nobody before? */
static bool is_added(const struct inputs *inputs, const struct entry *entry)
{
	return inputs->project && entry->origin.source == inputs->project &&
	       !entry->deny && !entry->same;
}

static void describe_project(const struct inputs *inputs, struct buf *out)
{
	const char *separator = "; project added ";
	size_t said = 0;

	for (size_t i = 0; i < inputs->policy.count; i++) {
		const struct entry *entry = &inputs->policy.entries[i];
		char origin[ORIGIN_TEXT];

		if (!is_added(inputs, entry) || ++said > SHOWN_MAX)
			continue;
		buf_puts(out, separator);
		entry_print(entry, out);
		buf_printf(out, " (%s)", origin_format(&entry->origin, origin));
		separator = ", ";
	}
	if (said > SHOWN_MAX)
		buf_printf(out, " and %zu more", said - SHOWN_MAX);
}

static void describe_skipped(const struct plan *plan, struct buf *out)
{
	size_t shown = plan->skipped_count < SHOWN_MAX ? plan->skipped_count : SHOWN_MAX;

	for (size_t i = 0; i < shown; i++)
		buf_printf(out, "%s%s: %s", i ? ", " : "; skipped ",
			   plan->skipped[i].host,
			   answer_state_name(plan->skipped[i].state));
	if (plan->skipped_count > shown)
		buf_printf(out, " and %zu more", plan->skipped_count - shown);
}

void fence_describe_names(const struct fence *fence, const struct inputs *inputs,
			  struct buf *out)
{
	if (!fence->plan->fenced)
		return;
	describe_skipped(fence->plan, out);
	describe_project(inputs, out);
}

void fence_describe(const struct fence *fence, struct buf *out)
{
	const struct plan *plan = fence->plan;

	buf_puts(out, mode_name(plan->mode));
	if (!plan->fenced) {
		buf_puts(out, ", nothing to refuse");
		return;
	}
	buf_printf(out, ", %zu name%s", plan->names, plan->names == 1 ? "" : "s");
	/* Guarded, they come when somebody asks. */
	if (plan->dns != STANCE_GUARDED || plan->addresses)
		buf_printf(out, " (%zu address%s)", plan->addresses,
			   plan->addresses == 1 ? "" : "es");
	buf_printf(out, ", %zu network%s", plan->networks,
		   plan->networks == 1 ? "" : "s");
	buf_printf(out, ", dns %s, inbound ", describe_dns(plan));
	describe_inbound(plan, out);
}

static json_t *list_skipped(const struct plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->skipped_count && i < LISTED_MAX; i++)
		json_array_append_new(
			list,
			json_pack("{s:s, s:s}", "name", plan->skipped[i].host, "why",
				  answer_state_name(plan->skipped[i].state)));
	return list;
}

static json_t *list_added(const struct inputs *inputs)
{
	json_t *list = json_array();

	for (size_t i = 0; i < inputs->policy.count; i++) {
		const struct entry *entry = &inputs->policy.entries[i];
		struct buf text CLEANUP(buf_release) = { 0 };
		char origin[ORIGIN_TEXT];

		if (!is_added(inputs, entry) || json_array_size(list) >= LISTED_MAX)
			continue;
		entry_print(entry, &text);
		json_array_append_new(
			list, json_pack("{s:s, s:s}", "entry", text.data ? text.data : "",
					"origin", origin_format(&entry->origin, origin)));
	}
	return list;
}

json_t *fence_describe_fields(const char *event, const struct fence *fence,
			      const struct inputs *inputs)
{
	const struct plan *plan = fence->plan;
	struct buf inbound CLEANUP(buf_release) = { 0 };

	if (!plan->fenced)
		return json_pack("{s:s, s:s, s:b}", "event", event, "policy",
				 mode_name(plan->mode), "fenced", 0);
	describe_inbound(plan, &inbound);
	return json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:s, s:s, s:o, s:o}", "event",
			 event, "policy", mode_name(plan->mode), "fenced", 1, "names",
			 (json_int_t)plan->names, "addresses",
			 (json_int_t)plan->addresses, "networks",
			 (json_int_t)plan->networks, "dns", describe_dns(plan), "inbound",
			 inbound.data ? inbound.data : "", "skipped", list_skipped(plan),
			 "added", list_added(inputs));
}
