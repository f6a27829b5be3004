#include <stdlib.h>
#include <string.h>

#include "entrypoint/guard_state.h"
#include "entrypoint/log.h"
#include "entrypoint/netlink.h"
#include "lib/ruleset.h"

/* Another policy in place of this one: everything is made beside the old, and only what the kernel
 * has taken takes its place. Flows are judged anew by the new fence; learned addresses that are still
 * justified come along. */

void guard_permission(const struct guard *guard, const struct regime *regime,
		      const char *host, struct permission *ret, const char **ret_host)
{
	char label[HOST_TEXT];

	*ret_host = host;
	permit_ask(regime->permit, host, ret);
	/* Clients look for a neighbour's name below each search domain, and the policy calls it by
	 * the label alone. */
	for (size_t i = 0; i < guard->search.count && !ret->entry; i++) {
		const char *domain = guard->search.domains[i];
		size_t length = strcspn(host, ".");

		if (!host_is_below(host, domain) ||
		    strcmp(host + length + 1, domain) != 0)
			continue;
		memcpy(label, host, length);
		label[length] = '\0';
		permit_ask(regime->permit, label, ret);
		if (ret->entry)
			*ret_host = ret->entry->host;
	}
}

void guard_learned_release(struct guard_learned *learned)
{
	free(learned->live.v);
	free(learned->lapsed.v);
}

static int add_lapsed(const struct lease *lease, struct lease_ops *ret, struct error *err)
{
	for (uint8_t class = 0; class < PLAN_CLASSES_MAX; class ++) {
		if (!(lease->classes & (UINT32_C(1) << class)))
			continue;
		if (!array_grow(&ret->v, &ret->capacity, ret->count, sizeof(*ret->v)))
			return error_memory(err);
		ret->v[ret->count++] =
			(struct lease_op){ .addr = lease->addr, .class = class };
	}
	return 0;
}

int guard_learned_make(const struct guard *guard, struct leases *leases,
		       struct guard_learned *ret, struct error *err)
{
	int64_t now = clock_steady_ms();
	struct lease lease;

	*ret = (struct guard_learned){ 0 };
	if (leases_elements(leases, now, &ret->live, err) < 0)
		return -1;
	for (size_t at = 0; leases_next(leases, &at, &lease);)
		if (lease.ends <= now && add_lapsed(&lease, &ret->lapsed, err) < 0)
			return -1;
	ret->guard = (struct ruleset_guard){
		.port = guard->sockets.port,
		.live = ret->live.v,
		.live_count = ret->live.count,
		.lapsed = ret->lapsed.v,
		.lapsed_count = ret->lapsed.count,
	};
	return 0;
}

struct judging {
	const struct guard *guard;
	const struct regime *regime;
};

static uint32_t regrant(void *context, const char *host, const struct addr *addr)
{
	const struct judging *judging = context;
	struct permission permission;
	struct grant grant;
	struct error ignored;

	guard_permission(judging->guard, judging->regime, host, &permission, &host);
	if (permission.verdict != PERMIT_ALLOWED ||
	    permit_grant(judging->regime->permit, host, &permission, addr, &grant,
			 &ignored) < 0)
		return 0;
	return grant.classes;
}

void regime_free(struct regime *regime)
{
	if (!regime)
		return;
	permit_free(regime->permit);
	fence_release(&regime->fence);
	inputs_release(&regime->inputs);
	free(regime);
}

/* What this process was started for cannot be changed while it runs. */
static int check_change(const struct guard *guard, const struct policy *policy,
			struct error *err)
{
	bool guarded = guard->regime->inputs.policy.dns == STANCE_GUARDED;

	if (fence_is_open(policy))
		return error_set(
			err, ERROR_POLICY,
			"the new policy refuses nothing: a fence comes down only "
			"with its container");
	if ((policy->dns == STANCE_GUARDED) != guarded)
		return error_set(err, ERROR_POLICY,
				 "dns becomes %s, which takes a new start",
				 stance_name(policy->dns));
	return 0;
}

static int make_regime(struct guard *guard, struct regime *ret, struct error *err)
{
	const struct options *options = &guard->start->options;

	if (inputs_read_again(options, guard->user, &guard->regime->inputs, &ret->inputs,
			      err) < 0 ||
	    check_change(guard, &ret->inputs.policy, err) < 0 ||
	    fence_plan(options, &ret->inputs, &guard->site, &ret->fence, err) < 0)
		return -1;
	if (ret->inputs.policy.dns != STANCE_GUARDED)
		return 0;
	return permit_build(&ret->inputs.policy, ret->fence.plan, &ret->permit, err);
}

static int put(struct guard *guard, struct leases *leases, struct regime *regime,
	       struct error *err)
{
	struct guard_learned learned CLEANUP(guard_learned_release) = { 0 };

	if (guard_learned_make(guard, leases, &learned, err) < 0)
		return -1;
	return fence_put(&regime->fence, &learned.guard, err);
}

static int replace(struct guard *guard, struct regime *fresh, struct error *err)
{
	struct judging judging = { guard, fresh };
	const struct lease_judge judge = { regrant, &judging };
	struct leases *leases CLEANUP(leases_freep) =
		leases_rejudge(guard->leases, &judge, clock_steady_ms());
	struct error again;

	if (!leases)
		return error_memory(err);
	fresh->fence.netlink = TAKE(guard->regime->fence.netlink);
	if (put(guard, leases, fresh, err) < 0) {
		guard->regime->fence.netlink = TAKE(fresh->fence.netlink);
		/* The kernel may have taken it before it could be read back. */
		guard->unsure = true;
		if (guard_raise_again(guard, &again) < 0)
			log_error("the fence that stood: %s", again.text);
		return -1;
	}
	leases_free(guard->leases);
	guard->leases = TAKE(leases);
	return 0;
}

/* Whoever asked for the reload does not see this log: the first fault of a text says more than how
 * many there are. */
static void tell_first_fault(const struct notes *notes, struct error *err)
{
	struct buf line CLEANUP(buf_release) = { 0 };
	size_t i = 0;

	while (i < notes->count && notes->v[i].level != NOTE_ERROR)
		i++;
	if (i == notes->count)
		return;
	note_print(&notes->v[i], &line);
	if (notes->errors > 1)
		buf_printf(&line, " (and %zu more)", notes->errors - 1);
	if (!line.failed)
		error_set(err, err->kind, "%s", line.data);
}

static int reload(struct guard *guard, struct error *err)
{
	struct regime *fresh CLEANUP(regime_freep) = calloc(1, sizeof(*fresh));
	struct quota *quota CLEANUP(quota_freep) = quota_new();

	if (!fresh || !quota)
		return error_memory(err);
	if (guard->start->options.any.allow_sudo)
		return error_set(
			err, ERROR_POLICY,
			"reload is off with --allow-sudo: the agent can be root");
	if (make_regime(guard, fresh, err) < 0 || replace(guard, fresh, err) < 0) {
		inputs_say_notes(&fresh->inputs.notes, NOTE_WARNING);
		tell_first_fault(&fresh->inputs.notes, err);
		return -1;
	}
	recorder_forget(guard->record.recorder);
	regime_free(guard->regime);
	guard->regime = TAKE(fresh);
	/* It was counted by entries that are gone. */
	quota_free(guard->quota);
	guard->quota = TAKE(quota);
	guard_forward_forget(guard);
	return 0;
}

/* Not a project's file that the agent can write: it is not read again, and whoever could have the
 * guard reload at will would have its tunnel limits filled anew each time. */
void guard_watch(struct guard *guard)
{
	const struct inputs *inputs = &guard->regime->inputs;
	const struct watch before = guard->watch;

	watch_clear(&guard->watch);
	watch_add(&guard->watch, inputs->profile ? inputs->profile : INPUTS_PROFILE);
	if (inputs->project && !inputs->project_kept)
		watch_add(&guard->watch, inputs->project);
	watch_keep(&guard->watch, &before);
}

int guard_reload(struct guard *guard, struct error *err)
{
	struct buf line CLEANUP(buf_release) = { 0 };

	guard->counts.reloads++;
	watch_mark(&guard->watch);
	guard->counts.reload_fault[0] = '\0';
	if (reload(guard, err) < 0) {
		guard->counts.reloads_refused++;
		memcpy(guard->counts.reload_fault, err->text, sizeof(err->text));
		log_error("the policy stays as it was: %s", err->text);
		return -1;
	}
	guard_watch(guard);
	start_say_notes(&guard->regime->inputs, guard->user, false);
	fence_describe(&guard->regime->fence, &line);
	fence_describe_names(&guard->regime->fence, &guard->regime->inputs, &line);
	log_event(log_is_json() ? fence_describe_fields("reload", &guard->regime->fence,
							&guard->regime->inputs)
				: NULL,
		  "reloaded: %s", line.failed ? "" : line.data);
	guard_rest(guard);
	return 0;
}

int guard_raise_again(struct guard *guard, struct error *err)
{
	if (put(guard, guard->leases, guard->regime, err) < 0)
		return -1;
	guard->unsure = false;
	return 0;
}

void guard_miss_fence(struct guard *guard)
{
	bool unsure = guard->unsure, stands;
	struct error err;

	if (!unsure &&
	    (netlink_table_exists(guard->regime->fence.netlink, &stands, &err) < 0 ||
	     stands))
		return;
	if (guard_raise_again(guard, &err) < 0)
		log_error("the fence is gone and cannot be put up again: %s", err.text);
	else if (!unsure)
		log_warning("the fence was taken away; it stands again");
}
