#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "entrypoint/fence.h"
#include "entrypoint/launch.h"
#include "entrypoint/log.h"
#include "entrypoint/privileges.h"
#include "entrypoint/source.h"
#include "entrypoint/state.h"
#include "entrypoint/surroundings.h"
#include "entrypoint/verbs.h"

/* The verbs that change something: run, apply, exec, guard. The order of the steps is the
 * contract (DESIGN §4, §5): what may refuse comes before what changes, the fence before the
 * drop, the proof before the agent. */

static double milliseconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) * 1e3 +
	       (double)(now.tv_nsec - start->tv_nsec) / 1e6;
}

/* An agent that may run `sudo netpale apply` must gain nothing by it. */
static int refuse_words_under_sudo(const struct options *options, bool *ret_sudo,
				   struct error *err)
{
	const struct settings *flags = &options->flags;

	*ret_sudo = getenv("SUDO_UID") != NULL;
	if (*ret_sudo &&
	    (flags->profile || flags->project || flags->trust_project || flags->policy ||
	     flags->dns || flags->answers || flags->allow.count || flags->deny.count ||
	     flags->allow_host_network))
		return error_set(err, ERROR_USAGE,
				 "under sudo only " INPUTS_PROFILE
				 " counts: no options are taken");
	return 0;
}

/* Whatever they say now: the agent decides what they say next time. */
static void warn_of_sources(const struct inputs *inputs, const struct user *user)
{
	enum trust_project trust = inputs->policy.trust;
	char shown[256];

	if (inputs->profile && source_writable_by(inputs->profile, user))
		log_warning(
			"the agent can write %s and so decide its own next start: keep it "
			"where only root writes, or mount it read-only",
			escape(shown, sizeof(shown), inputs->profile,
			       strlen(inputs->profile)));
	if (inputs->project && (trust == TRUST_EXTEND || trust == TRUST_OVERRIDE) &&
	    source_writable_by(inputs->project, user))
		log_warning("the agent can write %s and so widen its own next start: set "
			    "trust_project: tighten, or mount it read-only",
			    escape(shown, sizeof(shown), inputs->project,
				   strlen(inputs->project)));
}

/* What may refuse before anything is changed. */
static int require(const struct options *options, bool drop, const struct inputs *inputs,
		   struct error *err)
{
	const char *paths[] = { "/proc/self/exe", inputs->profile };
	size_t count = inputs->profile ? 2 : 1;

	if (privileges_require(true, drop, err) < 0 ||
	    surroundings_refuse_host_network(options->any.allow_host_network, err) < 0)
		return -1;
	return options->any.allow_sudo
		       ? privileges_require_out_of_reach(paths, count, err)
		       : 0;
}

static int refuse_to_leave(const struct policy *policy, struct error *err)
{
	char place[ORIGIN_TEXT];

	if (!policy_needs_guard(policy))
		return 0;
	return error_set(
		err, ERROR_POLICY,
		"%s: dns: guarded needs somebody who stays and answers, and apply "
		"ends; use run or guard",
		origin_format(&policy->dns_origin, place));
}

/* Everything up to the fence in force. The notes are said in any case: after a failure they
 * tell what is wrong. */
static int raise_fence(const struct options *given, const struct user *user, bool drop,
		       bool stays, struct inputs *inputs, struct fence *fence,
		       struct error *err)
{
	struct options without = *given;
	const struct options *options = given;
	bool sudo = false;
	int result;

	if (refuse_words_under_sudo(given, &sudo, err) < 0)
		return -1;
	/* Where sudoers lets variables through, they are the agent's. */
	without.any = (struct settings){ 0 };
	if (sudo)
		options = &without;
	result = inputs_read(options, user, sudo, inputs, err);
	if (result == 0 && !stays)
		result = refuse_to_leave(&inputs->policy, err);
	if (result == 0 && fence_is_open(&inputs->policy))
		result = privileges_require(false, drop, err);
	else if (result == 0)
		result = require(options, drop, inputs, err);
	if (result == 0)
		result = fence_raise(options, inputs, false, NULL, fence, err);
	inputs_say_notes(&inputs->notes, NOTE_WARNING);
	if (result == 0 && fence->plan->fenced)
		warn_of_sources(inputs, user);
	return result;
}

/* `user` NULL: no agent is started. */
static void say_start(const struct fence *fence, const struct inputs *inputs,
		      const struct user *user, bool sudo, const struct timespec *start)
{
	struct buf line = { 0 };

	fence_describe(fence, &line);
	if (user)
		buf_printf(&line, ", uid %u%s", user->uid,
			   sudo ? " with sudo (weaker: no no-new-privileges, no seccomp)"
				: "");
	fence_describe_names(fence, inputs, &line);
	buf_printf(&line, "; %.0f ms", milliseconds_since(start));
	log_info("%s", line.failed ? "fenced" : line.data);
	buf_release(&line);
}

static void warn_of_surroundings(const struct user *user)
{
	const char *engine = surroundings_engine_socket();
	char text[512];

	if (engine)
		log_warning("%s is mounted: no fence holds against it", engine);
	if (!surroundings_directory_fits(user, text, sizeof(text)))
		log_warning("%s", text);
}

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
		       bool fenced, struct error *err)
{
	const struct drop drop = {
		.user = user,
		.sudo = options->any.allow_sudo,
		.fenced = fenced,
	};

	if (launch_environment(user, err) < 0)
		return -1;
	return privileges_drop(&drop, err);
}

int verb_run(const struct options *options, struct error *err)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct inputs inputs = { 0 };
	struct fence fence = { 0 };
	struct launch_signals signals;
	const char *still_open;
	struct timespec start;
	struct user user;
	int result;

	clock_gettime(CLOCK_MONOTONIC, &start);
	launch_prepare(&signals);
	still_open = privileges_still_open();
	if (!arena)
		return error_memory(err);
	if (user_lookup(options->any.user, options->any.allow_root, arena, &user, err) <
	    0)
		return -1;
	result = raise_fence(options, &user, true, true, &inputs, &fence, err);
	if (result == 0) {
		warn_of_surroundings(&user);
		result = start_agent(options, &user, fence.plan->fenced, err);
	}
	if (result == 0)
		result = prove(fence.plan, err);
	if (result == 0)
		say_start(&fence, &inputs, &user, options->any.allow_sudo, &start);
	if (result == 0 && fence.plan->fenced && still_open)
		log_warning("%s", still_open);
	fence_release(&fence);
	inputs_release(&inputs);
	return result < 0 ? -1 : launch(options->operands, &signals, err);
}

static int apply(const struct options *options, bool stays, struct error *err)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct inputs inputs = { 0 };
	struct fence fence = { 0 };
	struct timespec start;
	struct user user;
	int result;

	clock_gettime(CLOCK_MONOTONIC, &start);
	if (!arena)
		return error_memory(err);
	/* Nobody is started, but a project's file is read with the agent's eyes. */
	if (user_lookup(getenv("SUDO_UID") ? NULL : options->any.user, true, arena, &user,
			err) < 0)
		return -1;
	result = raise_fence(options, &user, false, stays, &inputs, &fence, err);
	if (result == 0)
		say_start(&fence, &inputs, NULL, false, &start);
	fence_release(&fence);
	inputs_release(&inputs);
	return result;
}

int verb_apply(const struct options *options, struct error *err)
{
	return apply(options, false, err);
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

static int require_fence(const struct state *state, struct error *err)
{
	struct buf differences CLEANUP(buf_release) = { 0 };
	size_t count = 0;
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
	if (fence_compare(&state->sent, &differences, &count, err) < 0)
		return -1;
	if (count)
		return error_set(err, ERROR_PROOF, "the fence was changed: %.*s",
				 (int)strcspn(differences.data, "\n"), differences.data);
	return 0;
}

int verb_exec(const struct options *options, struct error *err)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct state state CLEANUP(state_release) = { 0 };
	struct launch_signals signals;
	struct user user;
	int kept;

	launch_prepare(&signals);
	if (!arena)
		return error_memory(err);
	if (user_lookup(options->any.user, options->any.allow_root, arena, &user, err) <
		    0 ||
	    privileges_require(false, true, err) < 0)
		return -1;
	kept = state_read(arena, &state, err);
	if (kept < 0)
		return -1;
	if (kept == 1)
		default_canary(&state);
	if (require_fence(&state, err) < 0 ||
	    start_agent(options, &user, state.fenced, err) < 0)
		return -1;
	if (state.fenced && state.mode != MODE_AUDIT &&
	    privileges_prove_closed(state.has_refused[0] ? &state.refused[0] : NULL,
				    state.has_refused[1] ? &state.refused[1] : NULL,
				    err) < 0)
		return -1;
	return launch(options->operands, &signals, err);
}

/* Holds the network namespace until told to end; as PID 1 it also reaps. */
static void hold(void)
{
	sigset_t signals;
	int signal;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGCHLD);
	while (sigwait(&signals, &signal) == 0 && signal == SIGCHLD)
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
}

int verb_guard(const struct options *options, struct error *err)
{
	sigset_t all;

	/* Blocked from the start: as PID 1 an unblocked SIGTERM would simply be ignored. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (apply(options, true, err) < 0)
		return -1;
	hold();
	return 0;
}
