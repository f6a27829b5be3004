#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entrypoint/fd.h"
#include "entrypoint/guard_state.h"
#include "entrypoint/log.h"
#include "entrypoint/state.h"
#include "lib/json.h"

/* What is in force, as JSON: {"version": 1, ...}. Root is told every lease; the agent may read the
 * rest in /run/netpale/status.json. */

#define STATUS_VERSION 1

static json_t *describe_layers(const struct guard *guard)
{
	const struct inputs *inputs = &guard->regime->inputs;
	json_t *layers = json_array();

	for (size_t i = 0; i < LAYER_COUNT; i++)
		if (inputs->layers[i].has_network)
			json_array_append_new(layers,
					      json_string(inputs->layers[i].source));
	return layers;
}

static json_t *describe_names(const struct guard *guard)
{
	struct lease_counts counts = leases_count(guard->leases);

	return json_pack("{s:I,s:I,s:I,s:I}", "known", (json_int_t)counts.names, "open",
			 (json_int_t)counts.live, "lapsed", (json_int_t)counts.lapsed,
			 "evicted", (json_int_t)counts.evicted);
}

static json_t *describe_refusals(const struct guard *guard)
{
	struct refusals_totals totals = recorder_totals(guard->record.recorder);
	json_t *object = json_object();

	for (enum refusal_reason i = 0; i < REFUSAL_REASONS; i++)
		json_object_set_new(object, refusal_reason_name(i),
				    json_integer((json_int_t)totals.counts[i]));
	return object;
}

static json_t *describe_forwarder(const struct guard *guard)
{
	const struct message_counters *served = &guard->served;
	const struct {
		const char *name;
		uint64_t count;
	} counts[] = {
		{ "restarts", guard->counts.restarts },
		{ "questions", served->questions },
		{ "answered", served->answered },
		{ "refused", served->refused },
		{ "failed", served->failed },
		{ "malformed", served->malformed },
		{ "dropped", served->dropped },
		{ "learned", guard->counts.learned },
		{ "kernel refused", guard->counts.kernel_refused },
	};
	json_t *object = json_pack("{s:b}", "serving", guard->worker_ready);

	for (size_t i = 0; object && i < ARRAY_SIZE(counts); i++)
		json_object_set_new(object, counts[i].name,
				    json_integer((json_int_t)counts[i].count));
	return object;
}

static json_t *describe_reloads(const struct guard *guard)
{
	const struct guard_counts *counts = &guard->counts;
	json_t *object = json_pack("{s:i,s:i}", "tried", (int)counts->reloads, "refused",
				   (int)counts->reloads_refused);

	if (counts->reload_fault[0])
		json_object_set_new(object, "fault", json_string(counts->reload_fault));
	return object;
}

static json_t *describe(const struct guard *guard)
{
	const struct plan *plan = guard->regime->fence.plan;
	json_t *object =
		json_pack("{s:i,s:s,s:s,s:o,s:o,s:o}", "version", STATUS_VERSION,
			  "policy", mode_name(plan->mode), "dns", stance_name(plan->dns),
			  "layers", describe_layers(guard), "reloads",
			  describe_reloads(guard), "refusals", describe_refusals(guard));

	if (object && guard->regime->permit) {
		json_object_set_new(object, "names", describe_names(guard));
		json_object_set_new(object, "forwarder", describe_forwarder(guard));
	}
	return object;
}

static json_t *describe_ports(const struct guard *guard, uint32_t classes)
{
	const struct plan *plan = guard->regime->fence.plan;
	json_t *array = json_array();

	for (size_t i = 0; i < plan->class_count; i++) {
		struct buf text CLEANUP(buf_release) = { 0 };
		const struct port_range *ranges;
		size_t count;

		if (!(classes & (UINT32_C(1) << i)))
			continue;
		ranges = portset_ranges(plan->portsets, plan->classes[i], &count);
		if (plan->classes[i] == PORTSET_ANY)
			buf_puts(&text, "any");
		else
			ports_print(ranges, count, &text);
		json_array_append_new(array, json_string(text.failed ? NULL : text.data));
	}
	return array;
}

/* One line a lease, without holding 65,536 of them in memory at once. */
static void write_leases(const struct guard *guard, FILE *out)
{
	const char *separator = "";
	int64_t now = clock_steady_ms();
	struct lease lease;

	fputs(",\"leases\":[", out);
	for (size_t at = 0; leases_next(guard->leases, &at, &lease);) {
		char shown[ADDR_TEXT];
		int64_t left = lease.ends > now ? (lease.ends - now + 999) / 1000 : 0;
		json_t *object = json_pack("{s:s,s:s,s:o,s:I}", "name", lease.host,
					   "address", addr_format(&lease.addr, shown),
					   "ports", describe_ports(guard, lease.classes),
					   "seconds", (json_int_t)left);

		fputs(separator, out);
		if (object)
			json_dumpf(object, out, JSON_COMPACT);
		json_decref(object);
		separator = ",\n";
	}
	fputs("]", out);
}

int guard_status_write(struct guard *guard, bool names, int fd, struct error *err)
{
	char *text = json_print(describe(guard), JSON_COMPACT);
	int own = text ? dup(fd) : -1;
	FILE *out = own >= 0 ? fdopen(own, "w") : NULL;
	int result = 0;

	if (out) {
		/* The closing brace comes behind the leases. */
		fwrite(text, 1, strlen(text) - 1, out);
		if (names && guard->regime->permit)
			write_leases(guard, out);
		fputs("}\n", out);
	}
	if (!out || fclose(out) != 0)
		result = error_errno(err, ERROR_KERNEL, errno, "status");
	if (!out)
		close_fdp(&own);
	free(text);
	return result;
}

void guard_status_keep(struct guard *guard)
{
	char *text = json_print(describe(guard), JSON_COMPACT);
	struct error unkept;

	if (text && (!guard->status_kept || strcmp(guard->status_kept, text) != 0)) {
		if (state_write_status(text, &unkept) != 0)
			log_verbose("the status is not kept: %s", unkept.text);
		free(guard->status_kept);
		guard->status_kept = TAKE(text);
	}
	free(text);
}
