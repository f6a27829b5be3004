#include "lib/kubernetes_internal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/macros.h"

/* --- what no object can say ---------------------------------------------------------------- */

int kubernetes_refuse(const struct origin *origin, const char *text, struct error *err)
{
	char place[ORIGIN_TEXT];

	return error_set(err, ERROR_POLICY, "%s: %s", origin_format(origin, place), text);
}

static int check_entry(const struct entry *entry, struct notes *notes, struct error *err)
{
	if (entry->kind != ENTRY_ATTACHED)
		return 0;
	if (entry->deny)
		return kubernetes_refuse(
			&entry->origin,
			"'attached' is a container's own network, which a cluster "
			"cannot deny; write the networks",
			err);
	notes_add(
		notes, NOTE_WARNING, &entry->origin,
		"'attached' is a container's own network: in a cluster it opens nothing");
	return 0;
}

int kubernetes_plan(const struct policy *policy, const struct answers *answers,
		    struct notes *notes, struct plan **ret, struct error *err)
{
	static const struct site nowhere;

	if (policy->mode == MODE_AUDIT)
		return kubernetes_refuse(
			&policy->mode_origin,
			"a cluster does not record what it would refuse, so it has "
			"nothing like 'policy: audit'",
			err);
	for (size_t i = 0; i < policy->count; i++)
		if (check_entry(&policy->entries[i], notes, err) < 0)
			return -1;
	return plan_build(policy, answers, &nowhere, notes, ret, err);
}

/* --- ports --------------------------------------------------------------------------------- */

struct kubernetes_ports kubernetes_ports(const struct plan *plan, portset ports)
{
	struct kubernetes_ports result = { 0 };

	result.ranges = portset_ranges(plan->portsets, ports, &result.count);
	return result;
}

/* The part of a range that lies in one protocol. Port 0 is none. */
static bool clip(const struct port_range *range, unsigned protocol, uint32_t *first,
		 uint32_t *last)
{
	uint32_t base = protocol * PORTSET_UDP, end = base + PORTSET_UDP - 1;

	*first = range->first > base ? range->first - base : 1;
	*last = (range->last < end ? range->last : end) - base;
	return range->first <= end && range->last > base && *first <= *last;
}

bool kubernetes_next_port(struct kubernetes_ports *ports, struct kubernetes_port *ret)
{
	static const char *const protocols[] = { "TCP", "UDP" };

	for (; ports->protocol < ARRAY_SIZE(protocols); ports->protocol++) {
		ret->protocol = protocols[ports->protocol];
		while (ports->at < ports->count)
			if (clip(&ports->ranges[ports->at++], ports->protocol,
				 &ret->first, &ret->last))
				return true;
		ports->at = 0;
	}
	return false;
}

bool kubernetes_has_ports(const struct plan *plan, portset ports)
{
	struct kubernetes_ports each = kubernetes_ports(plan, ports);
	struct kubernetes_port unused;

	return kubernetes_next_port(&each, &unused);
}

int kubernetes_compare_sets(const struct plan *plan, portset a, portset b)
{
	size_t a_count, b_count;
	const struct port_range *x = portset_ranges(plan->portsets, a, &a_count);
	const struct port_range *y = portset_ranges(plan->portsets, b, &b_count);

	for (size_t i = 0; a != b && i < a_count && i < b_count; i++) {
		if (x[i].first != y[i].first)
			return x[i].first < y[i].first ? -1 : 1;
		if (x[i].last != y[i].last)
			return x[i].last < y[i].last ? -1 : 1;
	}
	return (a_count > b_count) - (a_count < b_count);
}

/* --- addresses ----------------------------------------------------------------------------- */

static int compare_flows(const void *a, const void *b, void *plan)
{
	const struct kubernetes_flow *x = a, *y = b;
	int order = kubernetes_compare_sets(plan, x->span->ports, y->span->ports);

	if (order == 0)
		order = (int)x->family - (int)y->family;
	return order ? order : (x->span > y->span) - (x->span < y->span);
}

int kubernetes_flows(const struct plan *plan, const struct spans spans[static 2],
		     struct kubernetes_flow **ret, size_t *ret_count, struct error *err)
{
	struct kubernetes_flow *flows =
		calloc(spans[0].count + spans[1].count + 1, sizeof(*flows));
	size_t count = 0;

	if (!flows)
		return error_memory(err);
	for (int i = 0; i < 2; i++)
		for (size_t j = 0; j < spans[i].count; j++)
			flows[count++] =
				(struct kubernetes_flow){ &spans[i].v[j],
							  i ? FAMILY_6 : FAMILY_4 };
	qsort_r(flows, count, sizeof(*flows), compare_flows, (void *)plan);
	*ret = flows;
	*ret_count = count;
	return 0;
}

size_t kubernetes_alike(const struct kubernetes_flow *flows, size_t count)
{
	size_t alike = 1;

	while (alike < count && flows[alike].span->ports == flows->span->ports)
		alike++;
	return alike;
}

void kubernetes_cidrs(const struct kubernetes_flow *flow, const char *before,
		      const char *behind, struct buf *out)
{
	u128 at = flow->span->first;

	for (;;) {
		struct prefix prefix = prefix_within(flow->family, at, flow->span->last);
		char text[ADDR_TEXT];

		buf_printf(out, "%s\"%s/%u\"%s\n", before,
			   addr_format(&prefix.base, text), prefix.length, behind);
		at = prefix_last(&prefix);
		if (at++ == flow->span->last)
			return;
	}
}

void kubernetes_list(const char *key, const struct buf *items, struct buf *out)
{
	buf_printf(out, "  %s:%s\n", key, items->length ? "" : " []");
	buf_add(out, items->data, items->length);
	out->failed = out->failed || items->failed;
}
