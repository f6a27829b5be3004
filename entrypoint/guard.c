/* Theory of operation
 *
 * The order of the start: sockets (the fence names their port) -> fence -> whom to ask -> forwarder,
 * until it serves -> the agent's process, which waits -> the guard gives up all but what it needs ->
 * the agent is let go. After that nothing here gives up: the end of PID 1 is the end of the
 * container.
 *
 * Then one loop with one thread over
 *
 *   signals     SIGHUP from a process reloads; all others are the agent's (init.c), or without one
 *               SIGTERM and SIGINT end the guard
 *   forwarder   its messages (guard_dns.c)
 *   control     root asks (control.h)
 *   packet log  what the fence refuses (guard_refusals.c)
 *   a timer     twice a second: has a file changed, is the forwarder alive, what has lapsed
 *
 * The table is held by our netlink socket where the kernel can do that (ruleset.h). When the guard is
 * killed as a sidecar the fence stays, learned addresses run out, and DNS is closed. */
#include "entrypoint/guard.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "entrypoint/fd.h"
#include "entrypoint/guard_state.h"
#include "entrypoint/log.h"
#include "entrypoint/privileges.h"
#include "lib/ruleset.h"

#define TICK_MS 500
#define EVENTS 16

/* --- start --------------------------------------------------------------------------------- */

/* In mode none nobody is asked for names, but a reload can change that. */
static bool is_guarded(const struct guard *guard)
{
	return guard->regime->inputs.policy.dns == STANCE_GUARDED;
}

static int raise_fence(struct guard *guard, struct error *err)
{
	struct regime *regime = guard->regime;
	const struct ruleset_guard learned = { .port = guard->sockets.port };
	int result =
		fence_raise(&guard->start->options, &regime->inputs, true,
			    is_guarded(guard) ? &learned : NULL, &regime->fence, err);

	start_say_notes(&regime->inputs, guard->user,
			result == 0 && regime->fence.plan->fenced);
	if (result < 0)
		return -1;
	guard->site = regime->fence.plan->site;
	return 0;
}

/* A fence whose resolvers are complete. */
static int find_upstreams(struct guard *guard, struct error *err)
{
	const struct ruleset_guard learned = { .port = guard->sockets.port };

	if (!guard->site.docker_dns || guard->site.docker_tells ||
	    guard->regime->inputs.policy.mode == MODE_NONE ||
	    !guard_find_upstreams(guard, &guard->site))
		return 0;
	guard->regime->fence.plan->site = guard->site;
	return fence_put(&guard->regime->fence, &learned, err);
}

static int open_tables(struct guard *guard, struct error *err)
{
	uint8_t key[HASH_KEY];

	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		return error_errno(err, ERROR_KERNEL, errno, "cannot draw a random key");
	guard->leases = leases_new(key);
	guard->quota = quota_new();
	return guard->leases && guard->quota ? 0 : error_memory(err);
}

static int start_forwarder(struct guard *guard, struct error *err)
{
	if (find_upstreams(guard, err) < 0 ||
	    permit_build(&guard->regime->inputs.policy, guard->regime->fence.plan,
			 &guard->regime->permit, err) < 0 ||
	    guard_forward_start(guard, err) < 0)
		return -1;
	return guard_forward_await(guard, err);
}

static int watch_fd(struct guard *guard, int fd, struct error *err)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd >= 0 && epoll_ctl(guard->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
		return 0;
	return error_errno(err, ERROR_KERNEL, errno, "the guard's event loop");
}

static int open_loop(struct guard *guard, struct error *err)
{
	const struct itimerspec tick = { { 0, TICK_MS * 1000000L },
					 { 0, TICK_MS * 1000000L } };
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	guard->epoll = epoll_create1(EPOLL_CLOEXEC);
	guard->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	guard->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watch_fd(guard, guard->signals, err) < 0 ||
	    watch_fd(guard, guard->timer, err) < 0)
		return -1;
	if (timerfd_settime(guard->timer, 0, &tick, NULL) < 0)
		return error_errno(err, ERROR_KERNEL, errno, "timer");
	/* Orphans of the agent come here, as they would to PID 1. */
	if (getpid() != 1)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	return 0;
}

static void open_control(struct guard *guard)
{
	struct error err;

	if (control_open(&guard->control, &err) != 0 ||
	    watch_fd(guard, guard->control.listening, &err) < 0)
		log_warning("'netpale reload' and 'status' cannot ask this guard: %s",
			    err.text);
}

static int start_agent(struct guard *guard, struct error *err)
{
	const struct plan *plan = guard->regime->fence.plan;
	const struct drop drop = {
		.user = guard->user,
		.sudo = guard->start->options.any.allow_sudo,
		.fenced = plan->fenced,
	};
	struct addr refused[2];
	struct agent agent = { .drop = &drop };

	if (!guard->agent)
		return privileges_keep_guard(err);
	agent.argv = guard->agent->argv;
	agent.signals = guard->agent->signals;
	for (int i = 0; i < 2 && plan->mode != MODE_AUDIT; i++)
		if (plan_refused_addr(plan, i ? FAMILY_6 : FAMILY_4, &refused[i]))
			agent.refused[i] = &refused[i];
	start_warn(guard->user);
	if (init_start(&agent, &guard->init, err) < 0)
		return -1;
	guard->init.worker = guard->worker.pid;
	if (privileges_keep_guard(err) < 0)
		return -1;
	return init_release(&guard->init, err);
}

/* Where there is one. */
static int watch_log(struct guard *guard, struct error *err)
{
	int fd = recorder_fd(guard->record.recorder);

	return fd < 0 ? 0 : watch_fd(guard, fd, err);
}

static void say_start(const struct guard *guard)
{
	start_say(guard->start, &guard->regime->fence, &guard->regime->inputs,
		  guard->agent ? guard->user : NULL);
	if (guard->agent && guard->agent->still_open)
		log_warning("%s", guard->agent->still_open);
}

static int begin(struct guard *guard, struct error *err)
{
	if (guard_record_open(guard, err) < 0 || open_loop(guard, err) < 0 ||
	    open_tables(guard, err) < 0 || guard_read_names(guard, err) < 0)
		return -1;
	if (is_guarded(guard) && sockets_listen(&guard->sockets, err) < 0)
		return -1;
	if (raise_fence(guard, err) < 0 ||
	    (is_guarded(guard) && start_forwarder(guard, err) < 0))
		return -1;
	if (guard->agent && (guard->status = init_stopped_already()) != 0) {
		guard->ended = true;
		return 0;
	}
	open_control(guard);
	guard_status_keep(guard);
	log_open_own(); /* while it is not the agent's */
	if (start_agent(guard, err) < 0 || watch_log(guard, err) < 0)
		return -1;
	guard_watch(guard); /* what we can still see */
	say_start(guard);
	return 0;
}

void guard_rest(struct guard *guard)
{
	plan_forget_names(guard->regime->fence.plan);
	malloc_trim(0);
}

/* --- loop ---------------------------------------------------------------------------------- */

/* Without an agent. */
static void take_own_signal(struct guard *guard, int number)
{
	int ignored;

	if (number == SIGTERM || number == SIGINT)
		guard->ended = true;
	else if (number == SIGCHLD)
		init_signal(&guard->init, number, &ignored);
}

static void take_signal(struct guard *guard, const struct signalfd_siginfo *info)
{
	int number = (int)info->ssi_signo;
	struct error ignored;

	if (init_is_own_signal(info->ssi_signo, info->ssi_pid))
		return;
	/* The kernel's SIGHUP says that the terminal is gone, and is the agent's. */
	if (number == SIGHUP && info->ssi_code != SI_KERNEL)
		(void)guard_reload(guard, &ignored);
	else if (!guard->agent)
		take_own_signal(guard, number);
	else if (init_signal(&guard->init, number, &guard->status))
		guard->ended = true;
	if (guard->init.worker_failed)
		guard_forward_failed(guard, "it has ended or was stopped");
}

static void take_signals(struct guard *guard)
{
	struct signalfd_siginfo info;

	while (!guard->ended && read(guard->signals, &info, sizeof(info)) == sizeof(info))
		take_signal(guard, &info);
}

static void take_tick(struct guard *guard)
{
	struct error ignored;
	uint64_t times;

	(void)!read(guard->timer, &times, sizeof(times));
	if (guard->regime->permit) {
		leases_expire(guard->leases, clock_steady_ms());
		guard_forward_tick(guard);
	}
	if (guard->regime->permit || guard->unsure)
		guard_miss_fence(guard);
	if (watch_look(&guard->watch))
		(void)guard_reload(guard, &ignored);
	guard_status_keep(guard);
}

static void answer_status(struct guard *guard, int client)
{
	int file CLEANUP(close_fdp) = memfd_create("status", MFD_CLOEXEC);
	struct error err;

	if (file < 0)
		control_answer(&guard->control, client, "no memory", -1);
	else if (guard_status_write(guard, true, file, &err) < 0)
		control_answer(&guard->control, client, err.text, -1);
	else
		control_answer(&guard->control, client, "ok", file);
}

static void take_client(struct guard *guard, int client)
{
	struct error err;

	switch (control_read(&guard->control, client)) {
	case CONTROL_NONE:
		break;
	case CONTROL_RELOAD:
		control_answer(&guard->control, client,
			       guard_reload(guard, &err) < 0 ? err.text : "ok", -1);
		break;
	case CONTROL_STATUS:
		answer_status(guard, client);
		break;
	}
}

static void take_event(struct guard *guard, int fd)
{
	struct error ignored;
	int client;

	if (fd == guard->signals) {
		take_signals(guard);
	} else if (fd == guard->timer) {
		take_tick(guard);
	} else if (fd == guard->control.listening) {
		client = control_accept(&guard->control);
		if (client >= 0 && watch_fd(guard, client, &ignored) < 0)
			control_answer(&guard->control, client, "no room", -1);
	} else if (fd == guard->worker.fd) {
		guard_forward_read(guard);
	} else if (fd == recorder_fd(guard->record.recorder)) {
		guard_record_packets(guard);
	} else {
		take_client(guard, fd);
	}
}

static void loop(struct guard *guard)
{
	struct epoll_event events[EVENTS];

	/* The agent may hold back the terminal that both write to. */
	log_never_wait();
	while (!guard->ended) {
		int count = epoll_wait(guard->epoll, events, EVENTS,
				       guard_record_write(guard));

		for (int i = 0; i < count && !guard->ended; i++)
			take_event(guard, events[i].data.fd);
	}
}

/* --- all of it ------------------------------------------------------------------------------- */

static void end(struct guard *guard)
{
	worker_kill(&guard->worker);
	control_close(&guard->control);
	sockets_close(&guard->sockets);
	recorder_free(guard->record.recorder);
	leases_free(guard->leases);
	quota_free(guard->quota);
	regime_free(guard->regime);
	free(guard->status_kept);
	close_fdp(&guard->epoll);
	close_fdp(&guard->signals);
	close_fdp(&guard->timer);
	close_fdp(&guard->hosts.fd);
	close_fdp(&guard->resolv_conf.fd);
	free(guard);
}

static void endp(struct guard **guard)
{
	if (*guard)
		end(*guard);
}

int guard_run(const struct start *start, struct inputs *inputs, const struct user *user,
	      const struct guard_agent *agent, struct error *err)
{
	struct guard *guard CLEANUP(endp) = calloc(1, sizeof(*guard));

	if (!guard)
		return error_memory(err);
	*guard = (struct guard){
		.start = start,
		.user = user,
		.agent = agent,
		.regime = calloc(1, sizeof(*guard->regime)),
		.worker.fd = -1,
		.hosts.fd = -1,
		.resolv_conf.fd = -1,
		.control.listening = -1,
		.epoll = -1,
		.signals = -1,
		.timer = -1,
	};
	if (!guard->regime)
		return error_memory(err);
	guard->regime->inputs = *inputs;
	*inputs = (struct inputs){ 0 };
	if (begin(guard, err) < 0)
		return -1;
	guard_rest(guard);
	loop(guard);
	guard_record_end(guard);
	return guard->status;
}
