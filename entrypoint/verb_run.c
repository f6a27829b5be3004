#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entrypoint/fence.h"
#include "entrypoint/guard.h"
#include "entrypoint/init.h"
#include "entrypoint/launch.h"
#include "entrypoint/log.h"
#include "entrypoint/privileges.h"
#include "entrypoint/recorder.h"
#include "entrypoint/start.h"
#include "entrypoint/state.h"
#include "entrypoint/verbs.h"
#include "lib/findings.h"

/* The verbs that change something: run, apply, exec, guard. The order of the steps is the
 * contract (DESIGN §4, §5): what may refuse comes before what changes, the fence before the
 * drop, the proof before the agent. */

static int prove(const struct plan *plan, struct error *err)
{
	struct addr refused4, refused6;
	bool has4, has6;

	if (!plan->fenced || plan->mode == MODE_AUDIT)
		return 0;
	has4 = plan_refused_addr(plan, FAMILY_4, &refused4);
	has6 = plan_refused_addr(plan, FAMILY_6, &refused6);
	return privileges_prove_closed(has4 ? &refused4 : NULL, has6 ? &refused6 : NULL,
				       err);
}

static int start_agent(const struct options *options, const struct user *user,
		       bool fenced, const struct recorder *recorder, struct error *err)
{
	int kept[RECORDER_FDS];
	const struct drop drop = {
		.user = user,
		.sudo = options->any.allow_sudo,
		.fenced = fenced,
		.kept = kept,
		.kept_count = recorder ? recorder_descriptors(recorder, kept) : 0,
	};

	if (launch_environment(user, err) < 0)
		return -1;
	return privileges_drop(&drop, err);
}

/* Who stays in front of the agent records what is refused. */
static int open_recorder(const struct start *start, const struct inputs *inputs,
			 struct recorder **ret, struct error *err)
{
	const char *to = start->options.any.log;

	if (fence_is_open(&inputs->policy))
		return 0;
	if (getpid() == 1)
		return recorder_open(to, ret, err);
	if (to)
		log_warning("nothing is logged: netpale is not PID 1, so nobody of it "
			    "stays (docker run without --init)");
	return 0;
}

/* What blaming takes is kept for as long as the agent runs, the rest goes back to the system. */
static int launch_recorded(const struct agent *agent, struct recording *recording,
			   struct inputs *inputs, struct fence *fence, struct error *err)
{
	const struct site site = fence->plan->site;
	const struct answers answers = fence->answers;

	fence_release(fence);
	if (!recording->recorder) {
		inputs_release(inputs);
		return launch(agent, err);
	}
	notes_release(&inputs->notes);
	buf_release(&inputs->project_text);
	malloc_trim(0);
	recording->by = (struct blame){
		.policy = &inputs->policy,
		.answers = &answers,
		.site = &site,
		.resolved = recorder_resolved(recording->recorder),
	};
	return launch(agent, err);
}

static void recording_release(struct recording *recording)
{
	recorder_free(recording->recorder);
}

int verb_run(const struct options *options, struct error *err)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct inputs inputs CLEANUP(inputs_release) = { 0 };
	struct fence fence CLEANUP(fence_release) = { 0 };
	struct recording recording CLEANUP(recording_release) = { 0 };
	struct launch_signals signals;
	const struct agent agent = { .argv = options->operands,
				     .signals = &signals,
				     .recording = &recording };
	const char *still_open;
	struct start start;
	struct user user;
	int result;

	launch_prepare(&signals);
	still_open = privileges_still_open();
	if (!arena)
		return error_memory(err);
	if (user_lookup(options->any.user, options->any.allow_root, arena, &user, err) <
		    0 ||
	    start_read(options, &user, true, &start, &inputs, err) < 0)
		return -1;
	if (policy_needs_guard(&inputs.policy)) {
		const struct guard_agent guarded = { options->operands, &signals,
						     still_open };

		return guard_run(&start, &inputs, &user, &guarded, err);
	}
	if (open_recorder(&start, &inputs, &recording.recorder, err) < 0)
		return -1;
	result = fence_raise(&start.options, &inputs, false, NULL, &fence, err);
	start_say_notes(&inputs, &user, result == 0 && fence.plan->fenced);
	if (result < 0)
		return -1;
	start_warn(&user);
	if (start_agent(options, &user, fence.plan->fenced, recording.recorder, err) <
		    0 ||
	    prove(fence.plan, err) < 0)
		return -1;
	start_say(&start, &fence, &inputs, &user);
	if (fence.plan->fenced && still_open)
		log_warning("%s", still_open);
	return launch_recorded(&agent, &recording, &inputs, &fence, err);
}

static int refuse_to_leave(const struct policy *policy, struct error *err)
{
	char place[ORIGIN_TEXT];

	if (!policy_needs_guard(policy))
		return 0;
	return error_set(
		err, ERROR_POLICY,
		"%s: dns: guarded needs somebody who stays and answers, and apply "
		"ends; use 'netpale run' or 'netpale guard'",
		origin_format(&policy->dns_origin, place));
}

int verb_apply(const struct options *options, struct error *err)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct inputs inputs CLEANUP(inputs_release) = { 0 };
	struct fence fence CLEANUP(fence_release) = { 0 };
	struct start start;
	struct user user;
	int result;

	if (!arena)
		return error_memory(err);
	/* Nobody is started, but a project's file is read with the agent's eyes. */
	if (user_lookup(getenv("SUDO_UID") ? NULL : options->any.user, true, arena, &user,
			err) < 0 ||
	    start_read(options, &user, false, &start, &inputs, err) < 0 ||
	    refuse_to_leave(&inputs.policy, err) < 0)
		return -1;
	result = fence_raise(&start.options, &inputs, false, NULL, &fence, err);
	start_say_notes(&inputs, &user, result == 0 && fence.plan->fenced);
	if (result == 0)
		start_say(&start, &fence, &inputs, NULL);
	return result;
}

/* Without a state kept (a sidecar's agent container has its own /run) the documentation
 * networks are tried: no policy opens them but one that says so. */
static void default_canary(struct state *state)
{
	static const char *const texts[] = { "192.0.2.1", "2001:db8::1" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		state->has_refused[i] =
			addr_parse(texts[i], strlen(texts[i]), &state->refused[i]);
	state->fenced = true;
	state->mode = MODE_RESTRICTED;
}

static int require_fence(const struct state *state, struct arena *arena,
			 struct error *err)
{
	struct findings differences = { .arena = arena };
	bool stands = false;

	if (!state->fenced)
		return 0;
	if (fence_stands(&stands, err) < 0)
		return err->kind == ERROR_PRIVILEGE ? 0 : -1; /* the canary must do */
	if (!stands)
		return error_set(err, ERROR_PROOF,
				 "no fence stands here; 'netpale run' or "
				 "'netpale apply' comes first");
	if (state->sent.length == 0)
		return 0;
	if (fence_compare(&state->sent, &differences, err) < 0)
		return -1;
	if (differences.count)
		return error_set(err, ERROR_PROOF, "the fence was changed: %s",
				 differences.v[0].text);
	return 0;
}

int verb_exec(const struct options *options, struct error *err)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct state state CLEANUP(state_release) = { 0 };
	struct launch_signals signals;
	const struct agent agent = { .argv = options->operands, .signals = &signals };
	struct user user;
	int kept;

	launch_prepare(&signals);
	if (!arena)
		return error_memory(err);
	if (user_lookup(options->any.user, options->any.allow_root, arena, &user, err) <
		    0 ||
	    privileges_require(PRIVILEGES_DROP, err) < 0)
		return -1;
	kept = state_read(arena, &state, err);
	if (kept < 0)
		return -1;
	if (kept == 1)
		default_canary(&state);
	if (require_fence(&state, arena, err) < 0 ||
	    start_agent(options, &user, state.fenced, NULL, err) < 0)
		return -1;
	if (state.fenced && state.mode != MODE_AUDIT &&
	    privileges_prove_closed(state.has_refused[0] ? &state.refused[0] : NULL,
				    state.has_refused[1] ? &state.refused[1] : NULL,
				    err) < 0)
		return -1;
	return launch(&agent, err);
}

int verb_guard(const struct options *options, struct error *err)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct inputs inputs CLEANUP(inputs_release) = { 0 };
	struct start start;
	struct user user;
	sigset_t all;

	/* Blocked from the start: as PID 1 an unblocked SIGTERM would simply be ignored. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (!arena)
		return error_memory(err);
	if (user_lookup(options->any.user, true, arena, &user, err) < 0 ||
	    start_read(options, &user, false, &start, &inputs, err) < 0)
		return -1;
	return guard_run(&start, &inputs, &user, NULL, err);
}
