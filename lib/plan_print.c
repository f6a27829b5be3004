#include "lib/plan.h"

#include <stdio.h>

#include "lib/buf.h"
#include "lib/host.h"
#include "lib/macros.h"

static const char *const protocol_names[] = { "tcp", "udp" };

/* A range of addresses: a prefix where it is one, else "first-last". */
static void print_range(const struct span *span, enum family family, struct buf *out)
{
	struct addr first = { span->first, family }, last = { span->last, family };
	struct prefix prefix = prefix_within(family, span->first, span->last);
	char text[PREFIX_TEXT];

	if (prefix_last(&prefix) == span->last) {
		buf_puts(out, prefix_format(&prefix, text));
		return;
	}
	buf_printf(out, "%s-", addr_format(&first, text));
	buf_puts(out, addr_format(&last, text));
}

/* Where the ports of a span go, and what stands before each of them. */
struct flow_text {
	struct buf *out;
	const char *before, *between;
	size_t count;
};

static void begin_flow(struct flow_text *text)
{
	buf_puts(text->out, text->count++ ? text->between : text->before);
}

/* The part of a range that lies in one protocol. */
static void print_ports(struct flow_text *text, uint32_t protocol,
			const struct port_range *range)
{
	uint32_t base = protocol * PORTSET_UDP;
	uint32_t first = range->first > base ? range->first - base : 0;
	uint32_t last =
		range->last - base < PORTSET_UDP ? range->last - base : PORTSET_UDP - 1;

	begin_flow(text);
	if (first > 0 || last < PORTSET_UDP - 1) {
		buf_printf(text->out, "%u", first);
		if (last > first)
			buf_printf(text->out, "-%u", last);
		buf_puts(text->out, "/");
	}
	buf_puts(text->out, protocol_names[protocol]);
}

static void print_set(struct flow_text *text, const struct portsets *table, portset ports)
{
	size_t count;
	const struct port_range *ranges = portset_ranges(table, ports, &count);

	if (ports == PORTSET_ANY || ports == PORTSET_WHOLE) {
		begin_flow(text);
		buf_puts(text->out, ports == PORTSET_ANY ? "any" : "all");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		for (uint32_t protocol = 0; protocol < ARRAY_SIZE(protocol_names);
		     protocol++) {
			if (ranges[i].first < (protocol + 1) * PORTSET_UDP &&
			    ranges[i].last >= protocol * PORTSET_UDP)
				print_ports(text, protocol, &ranges[i]);
		}
		if (ranges[i].last == PORTSET_OTHER) {
			begin_flow(text);
			buf_puts(text->out, "other");
		}
	}
}

/* A line for each of the ports. */
static void print_flows(const struct plan *plan, const char *to, portset ports,
			struct buf *out)
{
	struct buf between = { 0 }, before = { 0 };
	struct flow_text text = { .out = out };

	buf_printf(&before, "%s ", to);
	buf_printf(&between, "\n%s ", to);
	text.before = before.data ? before.data : "";
	text.between = between.data ? between.data : "";
	print_set(&text, plan->portsets, ports);
	buf_puts(out, "\n");
	out->failed = out->failed || before.failed || between.failed;
	buf_release(&between);
	buf_release(&before);
}

static void print_span(const struct plan *plan, const struct span *span,
		       enum family family, struct buf *out)
{
	struct buf range = { 0 };

	print_range(span, family, &range);
	print_flows(plan, range.data ? range.data : "", span->ports, out);
	out->failed = out->failed || range.failed;
	buf_release(&range);
}

/* As in a policy. */
static void format_name(const struct plan_name *name, char out[static HOST_TEXT + 2])
{
	const char *before = "";

	if (name->kind == ENTRY_BELOW)
		before = "*.";
	else if (name->kind == ENTRY_SUBTREE)
		before = ".";
	snprintf(out, HOST_TEXT + 2, "%s%s", before, name->host);
}

static void print_name(const struct plan *plan, const struct plan_name *name,
		       struct buf *out)
{
	char to[HOST_TEXT + 2];

	format_name(name, to);
	if (name->deny)
		buf_printf(out, "%s denied\n", to);
	for (size_t i = 0; i < plan->class_count; i++)
		if (name->classes >> i & 1)
			print_flows(plan, to, plan->classes[i], out);
}

void plan_print(const struct plan *plan, struct buf *out)
{
	for (int i = 0; i < 2; i++) {
		for (size_t j = 0; j < plan->spans[i].count; j++)
			print_span(plan, &plan->spans[i].v[j], i ? FAMILY_6 : FAMILY_4,
				   out);
	}
	for (size_t i = 0; i < plan->learned_count; i++)
		print_name(plan, &plan->learned[i], out);
}

/* ["443/tcp","53/udp"] */
static void print_json_set(const struct plan *plan, portset ports, struct buf *out)
{
	struct flow_text text = { .out = out, .before = "\"", .between = "\",\"" };

	buf_puts(out, "[");
	print_set(&text, plan->portsets, ports);
	buf_puts(out, text.count ? "\"]" : "]");
}

static void print_json_flows(const struct plan *plan, struct buf *out)
{
	const char *separator = "";

	for (int i = 0; i < 2; i++) {
		for (size_t j = 0; j < plan->spans[i].count; j++) {
			const struct span *span = &plan->spans[i].v[j];

			buf_printf(out, "%s\n  {\"to\":\"", separator);
			print_range(span, i ? FAMILY_6 : FAMILY_4, out);
			buf_puts(out, "\",\"ports\":");
			print_json_set(plan, span->ports, out);
			buf_puts(out, "}");
			separator = ",";
		}
	}
}

static void print_json_name(const struct plan *plan, const struct plan_name *name,
			    struct buf *out)
{
	const char *separator = "";
	char text[HOST_TEXT + 2];

	format_name(name, text);
	buf_printf(out, "{\"name\":\"%s\",", text);
	buf_puts(out, name->deny ? "\"deny\":true}" : "\"classes\":[");
	if (name->deny)
		return;
	for (size_t i = 0; i < plan->class_count; i++) {
		if (!(name->classes >> i & 1))
			continue;
		buf_printf(out, "%s%zu", separator, i);
		separator = ",";
	}
	buf_puts(out, "]}");
}

static void print_json_learned(const struct plan *plan, struct buf *out)
{
	buf_puts(out, ",\n \"classes\":[");
	for (size_t i = 0; i < plan->class_count; i++) {
		buf_puts(out, i ? ",\n  " : "\n  ");
		print_json_set(plan, plan->classes[i], out);
	}
	buf_puts(out, "],\n \"names\":[");
	for (size_t i = 0; i < plan->learned_count; i++) {
		buf_puts(out, i ? ",\n  " : "\n  ");
		print_json_name(plan, &plan->learned[i], out);
	}
	buf_puts(out, "]");
}

/* Nothing in a plan needs escaping: hosts are normalised, all else is ours. */
int plan_print_json(const struct plan *plan, struct buf *out)
{
	char text[ADDR_TEXT];

	buf_printf(
		out,
		"{\"version\":1,\"policy\":\"%s\",\"fenced\":%s,\"dns\":\"%s\",\n \"resolvers\":[",
		mode_name(plan->mode), plan->fenced ? "true" : "false",
		stance_name(plan->dns));
	for (size_t i = 0; i < plan->resolver_count; i++)
		buf_printf(out, "%s\"%s\"", i ? "," : "",
			   addr_format(&plan->resolvers[i], text));
	buf_puts(out, "],\n \"inbound\":");
	if (plan->inbound_open)
		buf_puts(out, "\"allow\"");
	else
		print_json_set(plan, plan->inbound, out);
	buf_puts(out, ",\n \"flows\":[");
	print_json_flows(plan, out);
	buf_puts(out, "],\n \"skipped\":[");
	for (size_t i = 0; i < plan->skipped_count; i++)
		buf_printf(out, "%s\n  {\"name\":\"%s\",\"why\":\"%s\"}", i ? "," : "",
			   plan->skipped[i].host,
			   answer_state_name(plan->skipped[i].state));
	buf_puts(out, "]");
	if (plan->dns == STANCE_GUARDED && plan->mode != MODE_NONE)
		print_json_learned(plan, out);
	buf_puts(out, "}\n");
	return out->failed ? -1 : 0;
}
